//! Values found by their type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// One value for each type.
#[derive(Clone, Default)]
pub(crate) struct TypedValues(
    HashMap<TypeId, Arc<dyn Any + Send + Sync>, foldhash::fast::RandomState>,
);

impl TypedValues {
    /// Stores a value and gives back the one it replaces.
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<Arc<T>> {
        self.0
            .insert(TypeId::of::<T>(), Arc::new(value))?
            .downcast()
            .ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.0.get(&TypeId::of::<T>())?).downcast().ok()
    }
}

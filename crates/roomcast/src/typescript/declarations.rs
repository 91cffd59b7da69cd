//! The types that events mention, found through each other.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use super::ExportError;

/// Declarations of types by name.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    seen: HashSet<TypeId>,
    /// Invariant: sorted, so that the file does not depend on the order in which types were found.
    by_name: BTreeMap<String, String>,
    /// The first name that two different types have.
    conflict: Option<String>,
}

impl Declarations {
    /// Adds what the type needs and returns its name.
    pub(super) fn name_of<T: TS + 'static + ?Sized>(&mut self) -> String {
        self.visit::<T>();
        T::name(&config())
    }

    /// Writes all declarations, each with an empty line behind it.
    pub(super) fn write(&self, out: &mut String) -> Result<(), ExportError> {
        if let Some(name) = &self.conflict {
            return Err(ExportError::TypeName { name: name.clone() });
        }
        for (name, declaration) in &self.by_name {
            if INTERFACES.contains(&name.as_str()) {
                return Err(ExportError::TypeName { name: name.clone() });
            }
            out.push_str(declaration);
            out.push_str("\n\n");
        }
        Ok(())
    }

    fn declare<T: TS + 'static + ?Sized>(&mut self) {
        let name = T::ident(&config());
        let docs = T::docs().unwrap_or_default();
        let declaration = format!("{docs}export {}", T::decl(&config()));
        match self.by_name.get(&name) {
            // A generic type comes by once for each of its arguments, with one declaration.
            Some(known) if *known == declaration => {}
            Some(_) => drop(self.conflict.get_or_insert(name)),
            None => drop(self.by_name.insert(name, declaration)),
        }
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only types with a declaration of their own have a path.
        if T::output_path().is_some() {
            self.declare::<T>();
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// The names that the file gives to what is no type of the user's.
pub(super) const INTERFACES: [&str; 4] = [
    "ClientToServerEvents",
    "InterServerEvents",
    "ServerToClientEvents",
    "SocketData",
];

/// JSON has no big integers: `u64` is a `number`, too.
pub(super) fn config() -> Config {
    Config::new().with_large_int("number")
}

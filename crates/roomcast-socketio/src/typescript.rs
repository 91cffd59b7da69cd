//! The types of this crate in TypeScript.

use ts_rs::{Config, TS, TypeVisitor};

use crate::{ArrayBuffer, Date, Map, NoReply, Number, Raw, Spread, Value};

macro_rules! named {
    ($($type:ty => $name:literal),* $(,)?) => {
        $(
            impl TS for $type {
                type WithoutGenerics = Self;
                type OptionInnerType = Self;

                fn name(_: &Config) -> String {
                    $name.to_owned()
                }

                fn inline(config: &Config) -> String {
                    Self::name(config)
                }
            }
        )*
    };
}

named!(
    Value => "unknown",
    Raw => "unknown",
    Map => "Record<string, unknown>",
    Number => "number",
    NoReply => "never",
    Date => "string | Date",
    ArrayBuffer => "ArrayBuffer",
);

impl<T: TS> TS for Spread<T> {
    type WithoutGenerics = Spread<ts_rs::Dummy>;
    type OptionInnerType = Self;

    fn name(config: &Config) -> String {
        Vec::<T>::name(config)
    }

    fn inline(config: &Config) -> String {
        Vec::<T>::inline(config)
    }

    fn visit_dependencies(visitor: &mut impl TypeVisitor)
    where
        Self: 'static,
    {
        Vec::<T>::visit_dependencies(visitor);
    }

    fn visit_generics(visitor: &mut impl TypeVisitor)
    where
        Self: 'static,
    {
        Vec::<T>::visit_generics(visitor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_any_shape_are_unknown_to_typescript() {
        let config = Config::new();

        assert_eq!(Value::name(&config), "unknown");
        assert_eq!(Spread::<Number>::name(&config), "Array<number>");
        assert_eq!(
            Option::<Map>::name(&config),
            "Record<string, unknown> | null"
        );
    }
}

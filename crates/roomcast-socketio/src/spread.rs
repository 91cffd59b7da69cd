//! How a value becomes the arguments of a packet.

use serde::{Serialize, Serializer};

use crate::{EncodeError, Value};

/// A list whose elements are the arguments, for when their number is known only at run time.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Header, Spread, encode_event};
///
/// let mut out = Vec::new();
/// let main = Header { namespace: "/", ack: None };
/// encode_event(&mut out, main, "numbers", &Spread(vec![1, 2, 3]))?;
/// assert_eq!(out, br#"2["numbers",1,2,3]"#);
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that users build")]
pub struct Spread<T>(pub Vec<T>);

impl<T> Spread<T> {
    /// Whether a `T` is written as several arguments, and read from several: whether it is a tuple.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_socketio::Spread;
    ///
    /// assert!(Spread::<(u8, String)>::is_tuple());
    /// assert!(!Spread::<Vec<u8>>::is_tuple());
    /// ```
    pub fn is_tuple() -> bool {
        Shape::of::<T>() == Shape::Several
    }
}

impl Spread<Value> {
    /// The arguments that `args` becomes: a tuple is several, `()` none, any other value one.
    ///
    /// # Errors
    ///
    /// As [`Value::from_serialize`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_socketio::{Spread, value};
    ///
    /// assert_eq!(Spread::of(&("Ada", 36))?, Spread(vec![value!("Ada"), value!(36)]));
    /// assert_eq!(Spread::of(&[1, 2])?, Spread(vec![value!([1, 2])]));
    /// assert_eq!(Spread::of(&())?, Spread(vec![]));
    /// # Ok::<(), roomcast_socketio::EncodeError>(())
    /// ```
    pub fn of<A: Serialize + ?Sized>(args: &A) -> Result<Self, EncodeError> {
        let value = Value::from_serialize(args)?;
        Ok(Self(match (Shape::of::<A>(), value) {
            (Shape::Nothing, _) => Vec::new(),
            (Shape::Several, Value::Array(arguments)) => arguments,
            (_, value) => vec![value],
        }))
    }
}

impl<T: Serialize> Serialize for Spread<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// How many arguments a value of some type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `()`.
    Nothing,
    /// Any value, written as it is.
    One,
    /// A tuple or a [`Spread`], written as an array of arguments.
    Several,
}

impl Shape {
    /// Decides by the name of the type behind references.
    ///
    /// serde shows arrays and tuples to a serializer in the same way, so it cannot tell whether
    /// `[1, 2]` is one argument or two. The type's name can: that of a tuple starts with `(`. The
    /// name is a constant, so no test remains at run time.
    pub(crate) fn of<T: ?Sized>() -> Self {
        let mut name = std::any::type_name::<T>();
        while let Some(referent) = name.strip_prefix('&') {
            name = referent.strip_prefix("mut ").unwrap_or(referent);
        }
        // `&(dyn Trait + Send)` is the one other name with a parenthesis in front.
        if name == "()" {
            Self::Nothing
        } else if (name.starts_with('(') && !name.starts_with("(dyn "))
            || name.starts_with(concat!(module_path!(), "::Spread<"))
        {
            Self::Several
        } else {
            Self::One
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Unit;
    struct Pair(#[expect(dead_code, reason = "only its type counts")] (u8, u8));
    trait Shown: Send {}

    #[test]
    fn tuples_and_spread_lists_are_several_arguments() {
        assert_eq!(Shape::of::<(u8,)>(), Shape::Several);
        assert_eq!(Shape::of::<(u8, &str, Vec<(u8, u8)>)>(), Shape::Several);
        assert_eq!(Shape::of::<&&(u8, u8)>(), Shape::Several);
        assert_eq!(Shape::of::<&mut (u8, u8)>(), Shape::Several);
        assert_eq!(Shape::of::<((), ())>(), Shape::Several);
        assert_eq!(Shape::of::<Spread<u8>>(), Shape::Several);
        assert_eq!(Shape::of::<&Spread<(u8, u8)>>(), Shape::Several);
    }

    #[test]
    fn the_unit_is_no_argument() {
        assert_eq!(Shape::of::<()>(), Shape::Nothing);
        assert_eq!(Shape::of::<&()>(), Shape::Nothing);
    }

    #[test]
    fn everything_else_is_one_argument() {
        assert_eq!(Shape::of::<[u8; 2]>(), Shape::One);
        assert_eq!(Shape::of::<&[(u8, u8)]>(), Shape::One);
        assert_eq!(Shape::of::<[(u8, u8)]>(), Shape::One);
        assert_eq!(Shape::of::<Vec<(u8, u8)>>(), Shape::One);
        assert_eq!(Shape::of::<Option<(u8, u8)>>(), Shape::One);
        assert_eq!(Shape::of::<Box<(u8, u8)>>(), Shape::One);
        assert_eq!(Shape::of::<Unit>(), Shape::One);
        assert_eq!(Shape::of::<Pair>(), Shape::One);
        assert_eq!(Shape::of::<str>(), Shape::One);
        assert_eq!(Shape::of::<dyn Shown>(), Shape::One);
        assert_eq!(Shape::of::<&(dyn Shown + Sync)>(), Shape::One);
        assert_eq!(Shape::of::<fn(u8) -> (u8, u8)>(), Shape::One);
    }
}

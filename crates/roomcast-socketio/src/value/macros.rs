//! Writing values down.

/// Builds a [`Value`](crate::Value) from JSON-like text, in which any expression that converts
/// into a `Value` may stand. A key is a literal, or an expression in parentheses.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Value, value};
///
/// let id = 7;
/// let message = value!({ "id": id, "tags": ["a", null, { "deep": -1.5 }], ("k".repeat(2)): true });
/// assert_eq!(message.to_string(), r#"{"id":7,"tags":["a",null,{"deep":-1.5}],"kk":true}"#);
/// assert_eq!(value!(null), Value::Null);
/// ```
#[macro_export]
macro_rules! value {
    (@array [$($done:expr,)*]) => {
        $crate::Value::Array(::std::vec![$($done),*])
    };
    (@array [$($done:expr,)*] null $(, $($rest:tt)*)?) => {
        $crate::value!(@array [$($done,)* $crate::Value::Null,] $($($rest)*)?)
    };
    (@array [$($done:expr,)*] [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::value!(@array [$($done,)* $crate::value!([$($inner)*]),] $($($rest)*)?)
    };
    (@array [$($done:expr,)*] {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::value!(@array [$($done,)* $crate::value!({$($inner)*}),] $($($rest)*)?)
    };
    (@array [$($done:expr,)*] $next:expr $(, $($rest:tt)*)?) => {
        $crate::value!(@array [$($done,)* $crate::Value::from($next),] $($($rest)*)?)
    };
    (@object [$($done:expr,)*]) => {
        $crate::Value::Object(<$crate::Map as ::std::iter::FromIterator<
            (::std::string::String, $crate::Value)
        >>::from_iter([$($done),*]))
    };
    (@object [$($done:expr,)*] $key:tt : null $(, $($rest:tt)*)?) => {
        $crate::value!(@object [$($done,)* $crate::value!(@entry $key, null),] $($($rest)*)?)
    };
    (@object [$($done:expr,)*] $key:tt : [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::value!(@object [$($done,)* $crate::value!(@entry $key, [$($inner)*]),] $($($rest)*)?)
    };
    (@object [$($done:expr,)*] $key:tt : {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::value!(@object [$($done,)* $crate::value!(@entry $key, {$($inner)*}),] $($($rest)*)?)
    };
    (@object [$($done:expr,)*] $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::value!(@object [$($done,)* $crate::value!(@entry $key, $value),] $($($rest)*)?)
    };
    (@entry ($key:expr), $($value:tt)+) => {
        (::std::string::String::from($key), $crate::value!($($value)+))
    };
    (@entry $key:expr, $($value:tt)+) => {
        (::std::string::String::from($key), $crate::value!($($value)+))
    };
    (null) => { $crate::Value::Null };
    ([$($elements:tt)*]) => { $crate::value!(@array [] $($elements)*) };
    ({$($entries:tt)*}) => { $crate::value!(@object [] $($entries)*) };
    ($value:expr) => { $crate::Value::from($value) };
}

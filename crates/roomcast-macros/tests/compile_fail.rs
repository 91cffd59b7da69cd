//! What the compiler tells users about mistakes in `#[event(…)]`.
//!
//! `TRYBUILD=overwrite` writes the texts anew.

#[test]
fn mistakes_in_events_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}

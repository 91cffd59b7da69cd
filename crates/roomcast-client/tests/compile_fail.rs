//! What the compiler tells users about their mistakes.
//!
//! The texts are rustc's and change with its releases: `TRYBUILD=overwrite` writes them anew. What must
//! stay is in the `message`, `label` and `note` lines.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}

//! Markers that tell the compiler how a parameter is obtained; never written by hand.

/// From the call itself.
#[derive(Debug)]
pub struct Context;

/// From the next argument.
#[derive(Debug)]
pub struct Argument;

/// From the next argument, errors included.
#[derive(Debug)]
pub struct Checked;

/// From all arguments that are left.
#[derive(Debug)]
pub struct Rest;

/// The function answers at once.
#[derive(Debug)]
pub struct Now;

/// The function returns a future.
#[derive(Debug)]
pub struct Later;

/// The function's future runs in a task of its own.
#[derive(Debug)]
pub struct Parallel;

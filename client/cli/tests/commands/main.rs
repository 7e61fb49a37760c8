//! The real binary in temporary folders.

mod ceremony;
mod console;
// The page is a transcript of a Unix shell.
#[cfg(unix)]
mod documentation;
mod help;
mod officers;

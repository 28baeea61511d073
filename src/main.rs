//! The binary: everything is in the library.

fn main() {
    reeld::store::serve_if_asked();
}

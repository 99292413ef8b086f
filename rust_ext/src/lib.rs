//! Python binding of the kernel: thin functions over modules that know nothing of Python.

use pyo3::prelude::*;

#[pymodule]
mod _kernel {
    #[pymodule_export]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

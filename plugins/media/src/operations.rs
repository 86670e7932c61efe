//! What can be done with images: one module each, with its input, its function over pixels and its task.

pub mod contact_sheet;
pub mod crop;
pub mod inspect;
pub mod resize;
pub mod thumbnail;
pub mod watermark;

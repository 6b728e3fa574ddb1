//! The beginning of a project: what is there already, what is asked, and the first pipeline that comes of it.

pub mod answers;
pub mod draft;
pub mod survey;

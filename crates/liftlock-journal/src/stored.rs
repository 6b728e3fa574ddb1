//! Where an artifact is kept once its digest is known.

use crate::Event;

/// A file is kept in the store of contents; an image stays in its registry, and is named by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    File {
        /// The file's name, without folders.
        name: String,
        bytes: u64,
    },
    Image {
        /// `registry.example.com/shop/web@sha256:…`
        image: String,
    },
}

impl Stored {
    /// What a record says of it; `None` where the record is of something else.
    pub(crate) fn of(event: &Event) -> Option<Stored> {
        match event {
            Event::ArtifactReady { name, bytes, .. } => Some(Stored::File { name: name.clone(), bytes: *bytes }),
            Event::ImageReady { image, .. } => Some(Stored::Image { image: image.clone() }),
            _ => None,
        }
    }
}

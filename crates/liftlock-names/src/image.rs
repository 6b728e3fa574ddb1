//! What a container image is called: `registry.example.com/shop/web:1.5.0`, or by its digest,
//! `registry.example.com/shop/web@sha256:…`. The grammar is that of the OCI distribution specification.

use std::fmt;
use std::str::FromStr;

use crate::Digest;

/// The most characters that a tag may have.
const LONGEST_TAG: usize = 128;

/// The name of an image, with what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// Registry and path: `registry.example.com/shop/web`.
    pub repository: String,
    /// It can be moved to another image at any time.
    pub tag: Option<String>,
    /// It never means another image.
    pub digest: Option<Digest>,
}

/// A text that is no name of an image: what is wrong with it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageError(&'static str);

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ImageError {}

impl ImageName {
    /// The image of `digest` in the same repository. The tag is left out: it says nothing any more.
    pub fn pinned(&self, digest: &Digest) -> String {
        format!("{}@{digest}", self.repository)
    }
}

impl FromStr for ImageName {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        if text.is_empty() {
            return Err(ImageError("an image has a name, such as `registry.example.com/shop/web:1.5.0`"));
        }
        if text.contains(|c: char| !c.is_ascii_graphic()) {
            return Err(ImageError("the name of an image has neither blanks nor letters beyond ASCII"));
        }
        if text.contains("://") {
            return Err(ImageError("the name of an image begins with its registry, without a `https://`"));
        }
        let (name, digest) = match text.split_once('@') {
            None => (text, None),
            Some((name, digest)) => {
                let digest = digest.parse().map_err(|_| {
                    ImageError("behind the `@` of an image stands its digest: `sha256:` and 64 hexadecimal digits")
                })?;
                (name, Some(digest))
            }
        };
        // A colon in front of the last slash belongs to the port of the registry.
        let path = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[path..].rfind(':') {
            None => (name, None),
            Some(colon) => (&name[..path + colon], Some(&name[path + colon + 1..])),
        };
        is_repository(repository)?;
        tag.map_or(Ok(()), is_tag)?;
        Ok(ImageName { repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
    }
}

fn is_repository(repository: &str) -> Result<(), ImageError> {
    let (registry, path) = match repository.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, repository),
    };
    if let Some(registry) = registry
        && !registry.bytes().all(|c| c.is_ascii_alphanumeric() || b".-:[]".contains(&c))
    {
        return Err(ImageError("an image begins with the host of its registry, such as `registry.example.com/…`"));
    }
    if path.contains(|c: char| c.is_ascii_uppercase()) {
        return Err(ImageError("the name of an image has no capital letters; `lower(…)` makes small ones"));
    }
    let is_part = |part: &str| {
        let is_plain = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let bytes = part.as_bytes();
        bytes.first().is_some_and(is_plain)
            && bytes.last().is_some_and(is_plain)
            && bytes.iter().all(|c| is_plain(c) || b"._-".contains(c))
    };
    if path.split('/').all(is_part) {
        return Ok(());
    }
    Err(ImageError(
        "the name of an image is made of small letters, digits, `.`, `_` and `-`, with a `/` between its parts",
    ))
}

fn is_tag(tag: &str) -> Result<(), ImageError> {
    if tag.contains('+') {
        return Err(ImageError(
            "a tag has no `+`; `replace(text: version, part: \"+\", by: \"-\")` makes one of a version",
        ));
    }
    let is_letter = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let bytes = tag.as_bytes();
    if bytes.first().is_some_and(|first| is_letter(*first))
        && bytes.len() <= LONGEST_TAG
        && bytes.iter().all(|c| is_letter(*c) || b".-".contains(c))
    {
        return Ok(());
    }
    Err(ImageError("a tag is made of at most 128 letters, digits, `.`, `_` and `-`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_registry_is_no_tag() {
        let parts = |text: &str| {
            let name: ImageName = text.parse().unwrap();
            (name.repository, name.tag, name.digest.is_some())
        };
        let digest = Digest::of(b"");
        for (text, repository, tag, pinned) in [
            ("web", "web", None, false),
            ("shop/web:1.5.0", "shop/web", Some("1.5.0"), false),
            ("localhost:5000/web", "localhost:5000/web", None, false),
            ("localhost:5000/web:a", "localhost:5000/web", Some("a"), false),
            (&format!("Registry.example.com/shop/web@{digest}"), "Registry.example.com/shop/web", None, true),
            (&format!("shop/web:1@{digest}"), "shop/web", Some("1"), true),
        ] {
            assert_eq!(parts(text), (repository.to_owned(), tag.map(str::to_owned), pinned), "{text}");
        }
    }

    #[test]
    fn a_pinned_image_has_lost_its_tag() {
        let name: ImageName = "localhost:5000/web:latest".parse().unwrap();
        let digest = Digest::of(b"");
        assert_eq!(name.pinned(&digest), format!("localhost:5000/web@{digest}"));
        assert_eq!(name.pinned(&digest).parse::<ImageName>().unwrap().digest, Some(digest));
    }

    #[test]
    fn what_no_registry_takes_is_refused_with_a_reason() {
        for (text, why) in [
            ("", "has a name"),
            ("shop/web 1", "neither blanks"),
            ("https://r.example.com/web", "without a `https://`"),
            ("Shop/Web", "no capital letters"),
            ("shop//web", "made of small letters"),
            ("shop/-web", "made of small letters"),
            ("web:1.5.0+7", "no `+`"),
            ("web:-1", "at most 128"),
            ("web:", "at most 128"),
            ("web@latest", "behind the `@`"),
            ("web@sha256:00", "behind the `@`"),
        ] {
            let error = text.parse::<ImageName>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}

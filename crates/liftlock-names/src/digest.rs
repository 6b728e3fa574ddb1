//! What a sequence of bytes is called: its SHA-256 digest.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestError(String);

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no digest; one is `sha256:` and 64 hexadecimal digits", self.0)
    }
}

impl std::error::Error for DigestError {}

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// The digest of several texts, each counted with its length so that no two sequences run into each other.
    pub fn of_all<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for text in texts {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        Digest(hasher.finalize().into())
    }

    /// The digest of what `reader` yields, and its length in bytes.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn of_reader(reader: &mut dyn Read) -> io::Result<(Self, u64)> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        let mut length = 0;
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok((Digest(hasher.finalize().into()), length)),
                Ok(count) => {
                    hasher.update(&buffer[..count]);
                    length += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digest of what `write` writes, none of which is kept.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn of_written<E>(write: impl FnOnce(&mut dyn io::Write) -> Result<(), E>) -> Result<Self, E> {
        /// Collects short writes into blocks, since hashing byte by byte costs more than hashing.
        struct Hashing {
            hasher: Sha256,
            block: Vec<u8>,
        }
        impl io::Write for Hashing {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if self.block.len() + bytes.len() > BLOCK {
                    self.hasher.update(&self.block);
                    self.block.clear();
                }
                match bytes.len() {
                    0..=BLOCK => self.block.extend_from_slice(bytes),
                    _ => self.hasher.update(bytes),
                }
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        const BLOCK: usize = 16 * 1024;
        let mut hashing = Hashing { hasher: Sha256::new(), block: Vec::with_capacity(BLOCK) };
        write(&mut hashing)?;
        hashing.hasher.update(&hashing.block);
        Ok(Digest(hashing.hasher.finalize().into()))
    }

    /// The digest itself.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// The first twelve digits, for people to tell digests apart by.
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Digest(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let error = || DigestError(text.to_owned());
        let hex = text.strip_prefix("sha256:").ok_or_else(error)?.as_bytes();
        if hex.len() != 64 {
            return Err(error());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks(2)) {
            let digit = |c: u8| char::from(c).to_digit(16).map(|d| d as u8);
            *byte = digit(pair[0]).ok_or_else(error)? << 4 | digit(pair[1]).ok_or_else(error)?;
        }
        Ok(Digest(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_pieces_has_the_digest_of_the_whole() {
        let piece: Vec<u8> = (0..=255).collect();
        for size in [0, 1, 255, 16 * 1024 / 256 * 256 + 1, 50_000] {
            let whole: Vec<u8> = piece.iter().copied().cycle().take(size).collect();
            for step in [1, 7, 16 * 1024, 17 * 1024] {
                let digest = Digest::of_written(|out| whole.chunks(step).try_for_each(|chunk| out.write_all(chunk)));
                assert_eq!(digest.unwrap(), Digest::of(&whole), "{size} bytes, {step} at a time");
            }
        }
    }

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), text);
        assert_eq!(text.parse(), Ok(Digest::of(b"")));
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        let digest = |texts: &[&str]| Digest::of_all(texts.iter().map(|text| text.as_bytes()));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let long = format!("sha256:{}", "g".repeat(64));
        for text in ["", "sha256:", "sha256:00", "md5:00", &long] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}

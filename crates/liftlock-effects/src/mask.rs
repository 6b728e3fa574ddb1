//! What hides the secrets that were opened, in everything that programs print.
//!
//! Output comes in blocks, and a secret may lie across the border of two. Of each block so much is held back as may be
//! the beginning of a secret, which is mostly nothing and never as long as the longest form of one.
//!
//! A program that changes what it prints (that colours its characters one by one, compresses, or breaks lines within a
//! secret) cannot be helped.

mod forms;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use search::Search;

/// What stands in place of a secret.
const HIDDEN: &[u8] = b"***";
/// Shorter secrets occur in texts that have nothing to do with them.
const SHORTEST: usize = 4;
/// A longer one is no password and no key, and searching for all its lines would be slow.
const LONGEST: usize = 64 * 1024;

/// The secrets opened so far, by everything that works on one run. Clones share them.
#[derive(Clone, Default)]
pub struct Mask(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    forms: Vec<Vec<u8>>,
    search: Option<Arc<Search>>,
}

/// Why a value cannot be hidden, and so must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unmaskable {
    #[error("it has fewer than {SHORTEST} characters, too few to be hidden in what programs print")]
    Short,
    #[error("it is longer than 64 KiB, too long to be hidden in what programs print")]
    Long,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

impl Mask {
    /// Hides a value from here on, also as Base64, percent-encoded, and within JSON.
    ///
    /// # Errors
    /// Where the value is too short or too long to be told from other text.
    pub fn add(&self, value: &str) -> Result<(), Unmaskable> {
        if value.chars().count() < SHORTEST {
            return Err(Unmaskable::Short);
        }
        if value.len() > LONGEST {
            return Err(Unmaskable::Long);
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<Vec<u8>> = forms::of(value).into_iter().filter(|form| !known.forms.contains(form)).collect();
        if !new.is_empty() {
            known.forms.extend(new);
            known.search = Some(Arc::new(Search::new(&known.forms)));
        }
        Ok(())
    }

    /// A text with every secret hidden.
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = Vec::with_capacity(text.len());
        let mut stream = self.stream();
        stream.push(text.as_bytes(), &mut |block| hidden.extend_from_slice(block));
        stream.finish(&mut |block| hidden.extend_from_slice(block));
        String::from_utf8_lossy(&hidden).into_owned()
    }

    /// Whether nothing is to be hidden.
    pub fn is_empty(&self) -> bool {
        self.search().is_none()
    }

    /// For one output of one program.
    pub fn stream(&self) -> MaskedStream {
        MaskedStream { mask: self.clone(), held: Vec::new(), covered: 0 }
    }

    fn search(&self) -> Option<Arc<Search>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).search.clone()
    }
}

/// An output on its way through the mask.
#[derive(Debug)]
pub struct MaskedStream {
    mask: Mask,
    /// The end of what came, which may be the beginning of a secret.
    held: Vec<u8>,
    /// How much of `held` belongs to a secret whose picture was shown already.
    covered: usize,
}

impl MaskedStream {
    /// Takes a block, and hands on what is certain by now.
    pub fn push(&mut self, block: &[u8], show: &mut dyn FnMut(&[u8])) {
        let Some(search) = self.mask.search() else {
            if !block.is_empty() {
                show(block);
            }
            return;
        };
        if self.held.is_empty() {
            self.pass(&search, block, search.certain(block), show);
            return;
        }
        let mut joined = std::mem::take(&mut self.held);
        joined.extend_from_slice(block);
        self.pass(&search, &joined, search.certain(&joined), show);
    }

    /// Hands on what was held back, when nothing more comes.
    pub fn finish(&mut self, show: &mut dyn FnMut(&[u8])) {
        let held = std::mem::take(&mut self.held);
        if let Some(search) = self.mask.search()
            && !held.is_empty()
        {
            self.pass(&search, &held, held.len(), show);
        }
    }

    /// Hands on what stands before `certain`, and holds the rest. Secrets that overlap have one picture.
    fn pass(&mut self, search: &Search, text: &[u8], certain: usize, show: &mut dyn FnMut(&[u8])) {
        let mut shown = self.covered;
        let mut from = 0;
        while let Some(found) = search.next(text, from).filter(|found| found.start < certain) {
            if found.start >= shown {
                if found.start > shown {
                    show(&text[shown..found.start]);
                }
                // What overlaps a secret whose picture was shown needs no other.
                show(HIDDEN);
            }
            shown = shown.max(found.end);
            from = found.start + 1;
        }
        if certain > shown {
            show(&text[shown..certain]);
        }
        self.held.clear();
        self.held.extend_from_slice(&text[certain..]);
        self.covered = shown.saturating_sub(certain);
    }
}

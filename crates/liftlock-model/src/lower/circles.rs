//! Versions and images that are made of themselves, also by way of a setting: they would never be known.

use std::collections::HashSet;

use super::Lowerer;
use crate::expr::{Expr, ExprKind, Reference};
use crate::model::{ArtifactKind, EnvironmentId};

/// What the value of an artifact may be made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Made {
    Version(usize),
    /// The name of an image, and with it the image by its digest.
    Image(usize),
    Setting(EnvironmentId, String),
}

impl Lowerer<'_> {
    pub(super) fn report_circles(&mut self) {
        let all = 0..self.model.artifacts.len();
        let circular: Vec<Made> = all
            .flat_map(|at| [Made::Version(at), Made::Image(at)])
            .filter(|made| self.is_made_of(made, made))
            .collect();
        for made in circular {
            let (Made::Version(at) | Made::Image(at)) = made else { continue };
            let artifact = &mut self.model.artifacts[at];
            let (name, declared) = (artifact.name.clone(), artifact.span);
            let value = match (&made, &mut artifact.kind) {
                (Made::Image(_), ArtifactKind::Image { image, .. }) => image,
                _ => &mut artifact.version,
            };
            let span = value.span;
            *value = Expr::error(span);
            self.report_circle(&name, declared, span);
        }
    }

    fn is_made_of(&self, whole: &Made, part: &Made) -> bool {
        let mut seen: HashSet<Made> = HashSet::new();
        let mut open = self.parts_of(whole);
        while let Some(next) = open.pop() {
            if next == *part {
                return true;
            }
            if seen.insert(next.clone()) {
                open.extend(self.parts_of(&next));
            }
        }
        false
    }

    fn parts_of(&self, made: &Made) -> Vec<Made> {
        let value = match made {
            Made::Version(at) => self.model.artifacts.get_index(*at).map(|(_, artifact)| &artifact.version),
            Made::Image(at) => self.model.artifacts.get_index(*at).and_then(|(_, artifact)| match &artifact.kind {
                ArtifactKind::Image { image, .. } => Some(image),
                ArtifactKind::File { .. } => None,
            }),
            Made::Setting(id, name) => {
                let environment = self.model.environments.get_index(id.0);
                environment.and_then(|(_, environment)| environment.settings.get(name))
            }
        };
        let mut found = Vec::new();
        value.into_iter().for_each(|value| named(value, &mut found));
        found
    }
}

fn named(expr: &Expr, found: &mut Vec<Made>) {
    if let ExprKind::Reference(reference) = &*expr.kind {
        found.extend(match reference {
            Reference::ArtifactVersion(id) => Some(Made::Version(id.0)),
            Reference::ArtifactImage(id) | Reference::ArtifactDigest(id) => Some(Made::Image(id.0)),
            Reference::Setting(id, name) => Some(Made::Setting(*id, name.clone())),
            _ => None,
        });
    }
    expr.parts().for_each(|part| named(part, found));
}

//! What rules demand of a caller.

use crate::permission::Need;

/// What one rule demands of a caller.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub enum Demand {
    /// Nothing but what the endpoint demands of everybody.
    #[default]
    Nothing,
    /// Permissions.
    Permissions(&'static Need),
    /// It is refused, whoever calls.
    Refused,
}

impl Demand {
    pub(super) fn need(self) -> Option<&'static Need> {
        match self {
            Self::Permissions(need) => Some(need),
            Self::Nothing | Self::Refused => None,
        }
    }
}

/// What all rules demand that apply to a target, or to several: each of them counts. Default:
/// nothing.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    needs: Vec<&'static Need>,
    is_refused: bool,
}

impl Demands {
    /// Whether one of the rules refuses everybody.
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// What the caller must be granted: all of it. A rule that applies several times is in it once.
    pub fn needs(&self) -> &[&'static Need] {
        &self.needs
    }

    pub(super) fn add(&mut self, demand: Demand) {
        match demand {
            Demand::Nothing => {}
            // Rules are few, and a body may name a thing thousands of times.
            Demand::Permissions(need) => {
                if !self.needs.iter().any(|known| std::ptr::eq(*known, need)) {
                    self.needs.push(need);
                }
            }
            Demand::Refused => self.is_refused = true,
        }
    }
}

//! Rules for resources, found by URI, by prefix and by template.

use std::collections::HashMap;

use super::{Demand, Demands};
use crate::{
    mcp::resource_uri::{begins_normal_form, loose, normal_form, template_prefix},
    rejection::MessageError,
};

/// Rules for single resources, and for those below a prefix.
///
/// Each rule is kept by its URI in normal form, and by the loose reading of that. The rules that a
/// URI's own form finds count, and so do those that its loose reading finds.
#[derive(Debug, Clone, Default)]
pub(super) struct ResourceRules {
    strict: Table,
    loose: Table,
}

/// Rules by one of the readings.
#[derive(Debug, Clone, Default)]
struct Table {
    exact: Rules,
    under: Rules,
}

/// By a reading: the rules whose URIs have it, each with its URI.
type Rules = HashMap<Box<str>, Vec<(Box<str>, Demand)>>;

impl ResourceRules {
    /// The last rule for the same URI counts.
    pub(super) fn insert(&mut self, uri: &str, demand: Demand) {
        let uri: Box<str> = normal_form(uri).as_deref().unwrap_or(uri).into();
        insert(&mut self.loose.exact, loose(&uri, true), &uri, demand);
        insert(&mut self.strict.exact, uri.clone(), &uri, demand);
    }

    /// The last rule for the same prefix counts.
    pub(super) fn insert_under(&mut self, prefix: &str, demand: Demand) {
        insert(&mut self.loose.under, loose(prefix, false), prefix, demand);
        insert(&mut self.strict.under, prefix, prefix, demand);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.strict.exact.is_empty() && self.strict.under.is_empty()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Demand> {
        let all = [&self.strict.exact, &self.strict.under].into_iter().flat_map(HashMap::values);
        all.flatten().map(|(_, demand)| demand)
    }

    /// Adds what the rules for this URI demand. Whether there is one for each of its readings:
    /// otherwise the rule for other resources counts as well.
    pub(super) fn add_for_uri(
        &self,
        uri: &str,
        demands: &mut Demands,
    ) -> Result<bool, MessageError> {
        let uri = normal_form(uri).ok_or(MessageError::UriNotNormal)?;
        let by_form = self.strict.add_for_uri(&uri, demands);
        let by_loose_reading = self.loose.add_for_uri(&loose(&uri, true), demands);
        Ok(by_form && by_loose_reading)
    }

    /// The same for all URIs that a template may expand to.
    pub(super) fn add_for_template(
        &self,
        template: &str,
        demands: &mut Demands,
    ) -> Result<bool, MessageError> {
        let prefix = template_prefix(template);
        if !begins_normal_form(prefix) {
            return Err(MessageError::UriNotNormal);
        }
        let by_form = self.strict.add_for_prefix(prefix, demands);
        let by_loose_reading = self.loose.add_for_prefix(&loose(prefix, false), demands);
        Ok(by_form && by_loose_reading)
    }
}

impl Table {
    /// The rules for the URI itself, else those for the longest prefix of it.
    fn add_for_uri(&self, uri: &str, demands: &mut Demands) -> bool {
        match self.exact.get(uri) {
            Some(rules) => {
                add(rules, demands);
                true
            }
            None => self.add_for_longest_prefix(uri, demands),
        }
    }

    /// The rules for all that begins so, and those for the longest prefix of that.
    fn add_for_prefix(&self, prefix: &str, demands: &mut Demands) -> bool {
        for (key, rules) in self.exact.iter().chain(&self.under) {
            if key.starts_with(prefix) {
                add(rules, demands);
            }
        }
        self.add_for_longest_prefix(prefix, demands)
    }

    fn add_for_longest_prefix(&self, uri: &str, demands: &mut Demands) -> bool {
        let prefixes = self.under.iter().filter(|(prefix, _)| uri.starts_with(&***prefix));
        match prefixes.max_by_key(|(prefix, _)| prefix.len()) {
            Some((_, rules)) => {
                add(rules, demands);
                true
            }
            None => false,
        }
    }
}

fn insert(rules: &mut Rules, key: impl Into<Box<str>>, uri: &str, demand: Demand) {
    let rules = rules.entry(key.into()).or_default();
    rules.retain(|(other, _)| **other != *uri);
    rules.push((uri.into(), demand));
}

fn add(rules: &[(Box<str>, Demand)], demands: &mut Demands) {
    for (_, demand) in rules {
        demands.add(*demand);
    }
}

//! The issuers that records are about, by name: known to this process or not.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::keyed_hash::KeyedHash;

/// Where the records of each issuer name are, and which names are one issuer's.
pub(super) struct Issuers {
    without_issuer: Arc<IssuerRecords>,
    by_name: RwLock<BTreeMap<Box<str>, Arc<IssuerRecords>>>,
    /// The names of each configured issuer that has several.
    groups: RwLock<Vec<Box<[Arc<str>]>>>,
}

/// Where the records of one issuer name are.
pub(crate) struct IssuerRecords {
    /// Combined with the hash of a key.
    pub(super) salt: u128,
    /// How many records have this name.
    pub(super) count: AtomicUsize,
}

impl IssuerRecords {
    fn new(hash: &KeyedHash, issuer: Option<&str>) -> Arc<Self> {
        let bytes = issuer.map_or(&b""[..], str::as_bytes);
        let salt = hash.of_parts([&[u8::from(issuer.is_some())][..], bytes]);
        Arc::new(Self { salt, count: AtomicUsize::new(0) })
    }
}

impl Issuers {
    pub(super) fn new(hash: &KeyedHash) -> Self {
        Self {
            without_issuer: IssuerRecords::new(hash, None),
            by_name: RwLock::default(),
            groups: RwLock::default(),
        }
    }

    /// The records of an issuer name; of static keys for `None`. A name that is not known yet gets
    /// a place.
    pub(super) fn records_of(&self, hash: &KeyedHash, issuer: Option<&str>) -> Arc<IssuerRecords> {
        if let Some(known) = self.known(issuer) {
            return known;
        }
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let name = issuer.unwrap_or_default();
        by_name.entry(name.into()).or_insert_with(|| IssuerRecords::new(hash, issuer)).clone()
    }

    /// The same, unless there are none.
    pub(super) fn known(&self, issuer: Option<&str>) -> Option<Arc<IssuerRecords>> {
        let Some(name) = issuer else { return Some(self.without_issuer.clone()) };
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Notes that these names are one issuer's.
    pub(super) fn are_one(&self, names: &[Arc<str>]) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() > 1 && !groups.iter().any(|group| **group == *names) {
            groups.push(names.into());
        }
    }

    /// The names of the issuer that has this one, this one first.
    pub(super) fn names_of(&self, issuer: Option<&str>) -> Vec<Option<Box<str>>> {
        let mut names = vec![issuer.map(Box::from)];
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        let is_it = |name: &Arc<str>| Some(&**name) == issuer;
        for name in groups.iter().filter(|group| group.iter().any(is_it)).flatten() {
            let name = Some(Box::from(&**name));
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Removes the names without records that no configured issuer has.
    pub(super) fn remove_unused(&self) {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        // Who adds a record holds a clone until the record is counted, and gets none meanwhile.
        by_name.retain(|_, records| {
            Arc::strong_count(records) > 1 || records.count.load(Ordering::Acquire) > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_issuer_are_found_by_each_of_them() {
        let issuers = Issuers::new(&KeyedHash::random());
        let names = ["https://a", "https://b"].map(Arc::from);
        for _ in 0..2 {
            issuers.are_one(&names);
        }
        issuers.are_one(&[Arc::from("https://c")]);
        let of = |name: Option<&str>| {
            issuers.names_of(name).into_iter().flatten().map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(of(Some("https://a")), ["https://a", "https://b"]);
        assert_eq!(of(Some("https://b")), ["https://b", "https://a"]);
        assert_eq!(of(Some("https://c")), ["https://c"]);
        assert_eq!(of(Some("https://unknown")), ["https://unknown"]);
        assert!(of(None).is_empty());
        assert_eq!(issuers.groups.read().unwrap().len(), 1);
    }

    #[test]
    fn names_without_records_are_removed_unless_they_are_in_use() {
        let hash = KeyedHash::random();
        let issuers = Issuers::new(&hash);
        let used = issuers.records_of(&hash, Some("https://used"));
        issuers.records_of(&hash, Some("https://counted")).count.store(1, Ordering::Release);
        drop(issuers.records_of(&hash, Some("https://unused")));
        issuers.remove_unused();
        let known: Vec<_> = issuers.by_name.read().unwrap().keys().cloned().collect();
        assert_eq!(known, ["https://counted".into(), "https://used".into()]);
        assert!(Arc::ptr_eq(&used, &issuers.records_of(&hash, Some("https://used"))));
    }
}

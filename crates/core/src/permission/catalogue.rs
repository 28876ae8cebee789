//! Every permission that a resource knows, with all that each one includes.

use super::Declaration;

/// The declared permissions, and those that they imply, in the order of their declaration.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue(Vec<Entry>);

/// A permission, and what is granted with it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// Itself, and whatever it implies through any number of steps.
    includes: Vec<&'static str>,
}

impl Catalogue {
    /// Two declarations of one name are one permission, which implies what either does. Names may
    /// so come to imply each other, which does no harm: each then includes the other.
    pub(super) fn of(declared: &[&'static Declaration]) -> Self {
        let mut direct: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
        let mut seen: Vec<*const Declaration> = Vec::new();
        let mut open: Vec<&'static Declaration> = declared.iter().rev().copied().collect();
        while let Some(permission) = open.pop() {
            if seen.contains(&std::ptr::from_ref(permission)) {
                continue;
            }
            seen.push(permission);
            let implied = permission.implies().iter().map(|implied| implied.name());
            match direct.iter_mut().find(|(name, _)| *name == permission.name()) {
                Some((_, known)) => known.extend(implied),
                None => direct.push((permission.name(), implied.collect())),
            }
            open.extend(permission.implies().iter().rev());
        }
        let entries =
            direct.iter().map(|(name, _)| Entry { name, includes: closed(name, &direct) });
        Self(entries.collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.iter().find(|entry| entry.name == name)
    }

    /// The permissions that include `name`, itself first.
    pub(super) fn broader<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c Entry> {
        let others = self.iter().filter(move |entry| entry.name != name && entry.includes(name));
        self.get(name).into_iter().chain(others)
    }
}

impl Entry {
    pub(super) fn all(&self) -> &[&'static str] {
        &self.includes
    }

    fn includes(&self, name: &str) -> bool {
        self.includes.contains(&name)
    }
}

/// `name` and what follows from it.
fn closed(name: &'static str, direct: &[(&'static str, Vec<&'static str>)]) -> Vec<&'static str> {
    let mut all = vec![name];
    let mut next = 0;
    while let Some(&name) = all.get(next) {
        let implied = direct.iter().filter(|(known, _)| *known == name).flat_map(|(_, i)| i);
        for implied in implied {
            if !all.contains(implied) {
                all.push(implied);
            }
        }
        next += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Requirement, scopes};

    scopes! {
        struct Known;
        Read = "read";
        Write = "write" implies Read;
        Admin = "admin" implies Write;
    }

    mod elsewhere {
        crate::scopes! {
            Audit = "audit";
            /// The same name with other consequences.
            pub(super) Read = "read" implies Admin, Audit;
            Admin = "admin";
        }
    }

    fn catalogue(need: &'static crate::permission::Need) -> Catalogue {
        Catalogue::of(&need.permissions().collect::<Vec<_>>())
    }

    #[test]
    fn r15_a_permission_includes_what_it_implies_through_any_number_of_steps() {
        let known = catalogue(Admin::NEED);
        assert_eq!(known.get("admin").unwrap().all(), ["admin", "write", "read"]);
        assert_eq!(known.get("write").unwrap().all(), ["write", "read"]);
        let broader: Vec<_> = known.broader("read").map(|entry| entry.name).collect();
        assert_eq!(broader, ["read", "admin", "write"]);
    }

    #[test]
    fn two_declarations_of_one_name_are_one_permission() {
        let known = catalogue(<(Known, elsewhere::Read)>::NEED);
        let names: Vec<_> = known.iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["read", "write", "admin", "audit"]);
        assert_eq!(known.get("read").unwrap().all(), ["read", "admin", "audit", "write"]);
        assert_eq!(known.get("admin").unwrap().all(), ["admin", "write", "read", "audit"]);
    }
}

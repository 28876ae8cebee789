//! The lines that one stage of the application has and the stage before it has not.

/// The lines that the second of each pair of files has added, without empty ones.
pub(crate) fn added<'n>(files: &[(&str, &'n str)]) -> Vec<&'n str> {
    let added = files.iter().flat_map(|(old, new)| added_to(old, new));
    added.filter(|line| !line.trim().is_empty()).collect()
}

/// The lines of `new` that are not in `old`, by the longest common subsequence. Of a manifest
/// only the dependencies count: its name and its tests are this comparison's own.
fn added_to<'n>(old: &str, new: &'n str) -> Vec<&'n str> {
    let old: Vec<&str> = code(old).lines().collect();
    let new: Vec<&str> = code(new).lines().collect();
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for o in (0..old.len()).rev() {
        for n in (0..new.len()).rev() {
            common[o][n] = match old[o] == new[n] {
                true => common[o + 1][n + 1] + 1,
                false => common[o + 1][n].max(common[o][n + 1]),
            };
        }
    }
    let (mut o, mut added) = (0, Vec::new());
    for n in 0..new.len() {
        while o < old.len() && old[o] != new[n] && common[o + 1][n] >= common[o][n + 1] {
            o += 1;
        }
        match o < old.len() && old[o] == new[n] {
            true => o += 1,
            false => added.push(new[n]),
        }
    }
    added
}

fn code(file: &str) -> &str {
    match file.split_once("[dependencies]") {
        Some((_, rest)) => rest.split("\n[").next().unwrap(),
        None => file,
    }
}

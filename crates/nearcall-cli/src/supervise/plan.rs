//! Which services to start and in which order.

use std::collections::{BTreeMap, BTreeSet};

use super::Spec;
use crate::names::ServiceName;

/// Services in an order in which each comes after those it needs.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    specs: Vec<Spec>,
}

/// Services that wait for each other.
#[derive(Debug, thiserror::Error)]
#[error("services wait for each other in a circle: {}; take one of these out of an `after`", joined(.0))]
pub(crate) struct CycleError(pub(crate) Vec<ServiceName>);

fn joined(names: &[ServiceName]) -> String {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.join(" -> ")
}

impl Plan {
    /// Orders the services. Every name in an `after` is one of `specs`; among services that are free to start, the
    /// alphabet decides.
    ///
    /// # Errors
    /// When services wait for each other.
    pub(crate) fn new(specs: Vec<Spec>) -> Result<Self, CycleError> {
        let mut left: BTreeMap<_, _> = specs
            .into_iter()
            .map(|spec| (spec.name.clone(), spec))
            .collect();
        let mut specs: Vec<Spec> = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let free = left
                .values()
                .find(|spec| !spec.after.iter().any(|name| left.contains_key(name)))
                .map(|spec| spec.name.clone());
            match free.and_then(|name| left.remove(&name)) {
                Some(spec) => specs.push(spec),
                None => return Err(CycleError(circle(&left))),
            }
        }
        Ok(Self { specs })
    }

    /// The services in order.
    pub(crate) fn specs(&self) -> &[Spec] {
        &self.specs
    }

    /// The plan for `names` and all that they need, in the same order; for no names, the whole plan.
    ///
    /// # Errors
    /// The first name that the plan does not have.
    pub(crate) fn only<'a>(&self, names: &'a [ServiceName]) -> Result<Self, &'a ServiceName> {
        if names.is_empty() {
            return Ok(self.clone());
        }
        let mut wanted = BTreeSet::new();
        for name in names {
            if !self.specs.iter().any(|spec| spec.name == *name) {
                return Err(name);
            }
            wanted.insert(name);
        }
        // From the last to the first, so that what is needed by a wanted service is wanted before it is looked at.
        let mut wanted: BTreeSet<ServiceName> = wanted.into_iter().cloned().collect();
        for spec in self.specs.iter().rev() {
            if wanted.contains(&spec.name) {
                wanted.extend(spec.after.iter().cloned());
            }
        }
        let specs = self.specs.iter().filter(|spec| wanted.contains(&spec.name));
        Ok(Self {
            specs: specs.cloned().collect(),
        })
    }
}

/// A circle among services of which none is free: going from each to one that it waits for must come back.
fn circle(left: &BTreeMap<ServiceName, Spec>) -> Vec<ServiceName> {
    let mut path: Vec<ServiceName> = Vec::new();
    let mut next = left.keys().next().cloned();
    while let Some(name) = next {
        if let Some(start) = path.iter().position(|seen| *seen == name) {
            path.drain(..start);
            path.push(name);
            return path;
        }
        next = left
            .get(&name)
            .and_then(|spec| spec.after.iter().find(|name| left.contains_key(name)))
            .cloned();
        path.push(name);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::testing::spec;

    fn names(names: &str) -> Vec<ServiceName> {
        names
            .split_whitespace()
            .map(|name| name.parse().unwrap())
            .collect()
    }

    /// `a<b,c` is a service `a` that comes after `b` and `c`.
    fn plan(text: &str) -> Result<Plan, CycleError> {
        let specs = text.split_whitespace().map(|text| {
            let (name, after) = text.split_once('<').unwrap_or((text, ""));
            Spec {
                after: names(&after.replace(',', " ")),
                ..spec(name, "")
            }
        });
        Plan::new(specs.collect())
    }

    fn order(plan: &Plan) -> String {
        let names: Vec<_> = plan.specs().iter().map(|spec| spec.name.as_str()).collect();
        names.join(" ")
    }

    #[test]
    fn what_is_needed_comes_first() {
        let check = |text, expected| assert_eq!(order(&plan(text).unwrap()), expected, "{text}");
        check("", "");
        check("b a", "a b");
        check("a<b b", "b a");
        check("a<b,c b<c c d", "c b a d");
        check("web<api api<db,cache cache db", "cache db api web");
    }

    #[test]
    fn circles_are_named() {
        let check = |text, expected: &str| {
            let error = plan(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("a<a", "circle: a -> a;");
        check("a<b b<a", "circle: a -> b -> a;");
        check("a<b b<c c<d d<b e", "circle: b -> c -> d -> b;");
    }

    #[test]
    fn a_part_brings_what_it_needs() {
        let check = |wanted, expected| {
            let plan = plan("web<api api<db,cache cache db other").unwrap();
            assert_eq!(
                order(&plan.only(&names(wanted)).unwrap()),
                expected,
                "{wanted}"
            );
        };
        check("", "cache db api other web");
        check("db", "db");
        check("web", "cache db api web");
        check("other api", "cache db api other");
        let plan = plan("a").unwrap();
        assert_eq!(plan.only(&names("a zoo")).unwrap_err().as_str(), "zoo");
    }
}

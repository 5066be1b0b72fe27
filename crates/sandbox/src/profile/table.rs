//! The profile of a run as stacks and as a table of functions.

use std::collections::{BTreeMap, BTreeSet};

/// A call stack that spent fuel itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// What was called, outermost first: `instantiation`, or `export on-login` and the like; then functions of the plugin by their names
    /// (demangled, control characters escaped), and at the end perhaps a host function as `host: interface.function`.
    pub frames: Vec<String>,
    /// Fuel that the innermost frame spent itself.
    pub fuel: u64,
}

/// What one function spent over the whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCost {
    /// The function's name, as in [`Stack::frames`].
    pub name: String,
    /// Fuel that the function spent itself.
    pub own: u64,
    /// Fuel that the function spent with all that it called; a recursive call counts once.
    pub total: u64,
}

/// What each function spent, the one that spent most itself first; equal ones by name.
#[must_use]
pub fn functions(stacks: &[Stack]) -> Vec<FunctionCost> {
    let mut costs: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for stack in stacks {
        for name in stack.frames.iter().collect::<BTreeSet<_>>() {
            let (_, total) = costs.entry(name).or_default();
            *total = total.saturating_add(stack.fuel);
        }
        if let Some(innermost) = stack.frames.last() {
            let (own, _) = costs.entry(innermost).or_default();
            *own = own.saturating_add(stack.fuel);
        }
    }
    let cost = |(name, (own, total)): (&str, (u64, u64))| FunctionCost { name: name.to_owned(), own, total };
    let mut costs: Vec<_> = costs.into_iter().map(cost).collect();
    costs.sort_by(|a, b| (b.own, b.total).cmp(&(a.own, a.total)).then_with(|| a.name.cmp(&b.name)));
    costs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(frames: &[&str], fuel: u64) -> Stack {
        Stack { frames: frames.iter().map(|&name| name.to_owned()).collect(), fuel }
    }

    #[test]
    fn a_recursive_function_counts_once_in_its_total() {
        let stacks = [stack(&["run", "f"], 1), stack(&["run", "f", "g"], 10), stack(&["run", "f", "g", "f"], 100)];
        let cost = |name: &str, own, total| FunctionCost { name: name.to_owned(), own, total };
        assert_eq!(functions(&stacks), [cost("f", 101, 111), cost("g", 10, 110), cost("run", 0, 111)]);
    }
}

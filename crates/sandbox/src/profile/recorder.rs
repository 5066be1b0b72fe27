//! Records during a run what each call stack spends.

use super::table::Stack;
use crate::escape::escaped;
use crate::host_function::HostFunction;
use std::collections::{HashMap, HashSet};
use wasmtime::{FrameInfo, Module};

/// A call stack: the frame of its innermost function, in the tree of all that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Node(usize);

/// What stands in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Frame {
    /// Making the instance, before its export is called.
    Instantiation,
    /// The export is called.
    Call,
    /// A function of the plugin: which of its modules, and which function of that.
    Guest { module: usize, function: u32 },
    /// A host function.
    Host(HostFunction),
}

#[derive(Debug)]
struct Entry {
    parent: Node,
    frame: Frame,
    fuel: u64,
}

/// What the stacks of a run have spent so far.
#[derive(Debug, Default)]
pub struct Recorder {
    entries: Vec<Entry>,
    children: HashMap<(Option<Node>, Frame), Node>,
    modules: Vec<Module>,
    /// The names that functions have; none of one without.
    names: HashMap<(usize, u32), Option<String>>,
    /// Under which root the plugin runs now.
    root: Node,
    /// The stack of the last check, which spends until the next one.
    current: Node,
    left: u64,
    checks: u64,
}

impl Recorder {
    /// Begins with the budget's fuel, before the instance is made.
    pub fn new(fuel: u64) -> Self {
        let mut recorder = Self { left: fuel, ..Self::default() };
        recorder.root = recorder.node(None, Frame::Instantiation);
        recorder.current = recorder.root;
        recorder
    }

    /// The instance is there, and its export is called next.
    pub fn instantiated(&mut self, left: u64) {
        self.spend(left);
        self.root = self.node(None, Frame::Call);
        self.current = self.root;
    }

    /// The plugin is on this stack, innermost function first, with so much fuel left.
    pub fn on_stack(&mut self, frames: &[FrameInfo], left: u64) {
        self.spend(left);
        self.checks = self.checks.saturating_add(1);
        let mut node = self.root;
        for frame in frames.iter().rev() {
            let module = self.module(frame.module());
            let function = frame.func_index();
            self.names.entry((module, function)).or_insert_with(|| name(frame));
            node = self.node(Some(node), Frame::Guest { module, function });
        }
        self.current = node;
    }

    /// A host function took so much fuel from the plugin that called it.
    pub fn host(&mut self, function: HostFunction, fuel: u64) {
        let node = self.node(Some(self.current), Frame::Host(function));
        self.add(node, fuel.min(self.left));
        self.left = self.left.saturating_sub(fuel);
    }

    /// Ends with so much fuel left: every stack that spent some itself, and the number of checks. `phase` names the export.
    pub fn finish(mut self, left: u64, phase: &str) -> (Vec<Stack>, u64) {
        self.spend(left);
        self.name_shims();
        let spent = self.entries.iter().enumerate().filter(|(_, entry)| entry.fuel > 0);
        let stacks = spent.map(|(at, entry)| Stack { frames: self.frames(Node(at), phase), fuel: entry.fuel });
        let mut stacks: Vec<_> = stacks.collect();
        stacks.sort_by(|a, b| a.frames.cmp(&b.frames));
        (stacks, self.checks)
    }

    /// What was spent since the last event is the current stack's.
    fn spend(&mut self, left: u64) {
        self.add(self.current, self.left.saturating_sub(left));
        self.left = left;
    }

    fn add(&mut self, node: Node, fuel: u64) {
        if let Some(entry) = self.entries.get_mut(node.0) {
            entry.fuel = entry.fuel.saturating_add(fuel);
        }
    }

    fn node(&mut self, parent: Option<Node>, frame: Frame) -> Node {
        *self.children.entry((parent, frame)).or_insert_with(|| {
            let node = Node(self.entries.len());
            // A root is its own parent.
            self.entries.push(Entry { parent: parent.unwrap_or(node), frame, fuel: 0 });
            node
        })
    }

    fn module(&mut self, module: &Module) -> usize {
        self.modules.iter().position(|known| Module::same(known, module)).unwrap_or_else(|| {
            self.modules.push(module.clone());
            self.modules.len().saturating_sub(1)
        })
    }

    /// Toolchains put a function without a name before each import; it is named after what it calls.
    fn name_shims(&mut self) {
        let mut imports: HashMap<(usize, u32), HashSet<HostFunction>> = HashMap::new();
        for entry in &self.entries {
            let parent = self.entries.get(entry.parent.0).map(|parent| parent.frame);
            if let (Frame::Host(function), Some(Frame::Guest { module, function: shim })) = (entry.frame, parent) {
                imports.entry((module, shim)).or_default().insert(function);
            }
        }
        for (shim, called) in imports {
            if let (Some(name @ None), [HostFunction { interface, name: function }]) =
                (self.names.get_mut(&shim), called.into_iter().collect::<Vec<_>>().as_slice())
            {
                *name = Some(format!("import {interface}.{function}"));
            }
        }
    }

    fn frames(&self, node: Node, phase: &str) -> Vec<String> {
        let mut frames = Vec::new();
        let mut at = node;
        while let Some(entry) = self.entries.get(at.0) {
            frames.push(match entry.frame {
                Frame::Instantiation => "instantiation".to_owned(),
                Frame::Call => format!("export {phase}"),
                Frame::Guest { module, function } => self
                    .names
                    .get(&(module, function))
                    .cloned()
                    .flatten()
                    .unwrap_or_else(|| format!("function {function}")),
                Frame::Host(HostFunction { interface, name }) => format!("host: {interface}.{name}"),
            });
            if entry.parent == at {
                break;
            }
            at = entry.parent;
        }
        frames.reverse();
        frames
    }
}

/// A function's name for people, if it has one.
fn name(frame: &FrameInfo) -> Option<String> {
    Some(escaped(&format!("{:#}", rustc_demangle::demangle(frame.func_name()?))))
}

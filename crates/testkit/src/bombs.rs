//! Components that are valid and small enough, and made to cost their compiler as much as possible.
//!
//! Each is a harmless guest with one more core module, written byte by byte (core specification, section 5), that nothing
//! instantiates: a compiler compiles it all the same.

use crate::guests::{self, leb128};

/// Bytes of a function body that every WebAssembly reader takes at most.
const BODY: usize = 7_654_321;

/// The bomb that costs time, memory and code at once.
pub const MANY_FUNCTIONS: &str = "nearly a million functions";

/// Every bomb, by name.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("one giant function", of(&[giant()])),
        ("jump tables", of(&[jump_tables()])),
        (MANY_FUNCTIONS, of(&vec![vec![0, 0x20, 0, 0x0b]; 990_000])),
        ("nested types", nested_types()),
    ]
}

/// The first of them alone.
#[must_use]
pub fn one() -> Vec<u8> {
    of(&[giant()])
}

/// A guest with a core module of these function bodies, each `i64 -> i64`.
fn of(bodies: &[Vec<u8>]) -> Vec<u8> {
    let count = leb128(bodies.len());
    let types = section(1, &[1, 0x60, 1, 0x7e, 1, 0x7e]);
    let functions = section(3, &[count.as_slice(), &vec![0; bodies.len()]].concat());
    let sized = bodies.iter().flat_map(|body| [leb128(body.len()), body.clone()].concat());
    let code = section(10, &count.iter().copied().chain(sized).collect::<Vec<_>>());
    let module = [b"\0asm\x01\0\0\0".as_slice(), &types, &functions, &code].concat();
    guest(&section(1, &module))
}

/// A guest with one more section.
fn guest(section: &[u8]) -> Vec<u8> {
    let component = guests::component("").unwrap();
    guests::with_manifest(&[component.as_slice(), section].concat(), guests::MANIFEST)
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], leb128(content.len()).as_slice(), content].concat()
}

/// Many locals, all alive across many calls: work for the register allocator.
fn giant() -> Vec<u8> {
    const LOCALS: usize = 1000;
    let mut numbers = Numbers(1);
    let mut body = [leb128(1).as_slice(), &leb128(LOCALS), &[0x7e]].concat();
    while body.len() < BODY - 32 {
        let [a, b] = [(); 2].map(|()| leb128(numbers.below(LOCALS)));
        // b = call 0 (a)
        body.extend([&[0x20], a.as_slice(), &[0x10, 0, 0x21], &b].concat());
    }
    body.extend([0x20, 0, 0x0b]);
    body
}

/// Hundred nested blocks, and `br_table` upon `br_table` into all of them.
fn jump_tables() -> Vec<u8> {
    const DEPTH: usize = 100;
    const TARGETS: usize = 1000;
    let mut numbers = Numbers(2);
    let mut body = [vec![0], [0x02, 0x40].repeat(DEPTH)].concat();
    while body.len() < BODY - 2 * TARGETS {
        body.extend([0x02, 0x40, 0x20, 0, 0xa7, 0x0e]);
        body.extend(leb128(TARGETS));
        body.extend((0..=TARGETS).map(|_| u8::try_from(numbers.below(DEPTH)).unwrap_or_default()));
        body.push(0x0b);
    }
    body.extend([vec![0x0b; DEPTH], vec![0x20, 0, 0x0b]].concat());
    body
}

/// Component types, each a tuple of the one before it, twice: 2 to the power of 60 fields.
fn nested_types() -> Vec<u8> {
    let types: String = (1..60).map(|at| format!("(type $t{at} (tuple $t{0} $t{0}))", at - 1)).collect();
    let component = guests::binary(&format!("(component (type $t0 (tuple u8 u8)) {types})")).unwrap();
    guests::with_manifest(&component, guests::MANIFEST)
}

/// Pseudo-random numbers, the same ones every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }
}

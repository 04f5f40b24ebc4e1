//! A simple mutator that gives the same inputs for the same seeds every time: enough to try what is near the seeds without
//! a fuzzer, no replacement for one. Holds no target.

/// The longest input.
const MAX_BYTES: usize = 16 << 10;

/// Bytes that parsers of these formats care about.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b":",
    b",",
    b";",
    b"|",
    b"/",
    b"\\",
    b"\n",
    b"=",
    b"&",
    b"%",
    b"~",
    b"<",
    b">",
    b"..",
    b"==",
    b"null",
    b"true",
    b"1e308",
    b"-0",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"1e-400",
    b"\\u0000",
    b"\\ud800",
    b"\xf0\x9f\x94\x94",
    b"\xc3\xa9",
    b"\xff",
    b"\0",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x80\x80\x80\x01",
    b"@context",
    b"@id",
    b"@type",
    b"\"type\":",
    b"\"value\":",
    b"urn:ngsi-ld:null",
    b"2026-01-01T00:00:00Z",
    b"9999-12-31T23:59:59.999999Z",
    b"datasetId",
    b"observedAt",
    b"[[rule]]",
    b"$.",
    b"+",
    b"#",
    b"*",
];

/// A source of inputs.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    state: u64,
}

impl Mutator {
    /// One that starts from these inputs. There must be at least one.
    pub fn new(name: &str, seeds: Vec<Vec<u8>>) -> Self {
        let state = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        Self { seeds, state }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn below(&mut self, end: usize) -> usize {
        (self.random() % end.max(1) as u64) as usize
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut input = self.seeds[seed].clone();
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (at, other) = (self.below(input.len() + 1), self.below(input.len() + 1));
        let (from, to) = (at.min(other), at.max(other));
        match self.below(10) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.random() as u8,
            2 => drop(input.drain(from..to.min(from + 32))),
            3 => input.truncate(at),
            4 => {
                let piece: Vec<u8> = input[from..to.min(from + 64)].to_vec();
                let times = 1 << self.below(8);
                drop(input.splice(at..at, piece.repeat(times)));
            }
            5 => {
                let seed = self.below(self.seeds.len());
                let start = self.below(self.seeds[seed].len() + 1);
                let piece = self.seeds[seed][start..].to_vec();
                drop(input.splice(from..to, piece));
            }
            6 if at < input.len() => input[at] = input[at].wrapping_add(1),
            _ => {
                let token = TOKENS[self.below(TOKENS.len())];
                let replaced = if self.below(2) == 0 { at } else { to.min(from + token.len()).max(at) };
                drop(input.splice(at.min(replaced)..replaced, token.iter().copied()));
            }
        }
        input.truncate(MAX_BYTES * 2);
    }
}

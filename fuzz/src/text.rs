//! Input as text, and in parts. Holds no target.

/// The input as text, if it is one.
pub fn of(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The lines of the input: the parts of what a parser takes apart; an empty line stands for an absent part.
pub fn parts<const N: usize>(text: &str) -> [Option<&str>; N] {
    let mut lines = text.splitn(N, '\n');
    std::array::from_fn(|_| lines.next().filter(|line| !line.is_empty()))
}

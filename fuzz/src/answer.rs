//! Answers of endpoints to notifications: in one piece or in many, the same status and the same end.

use belfry_runtime::outbound::answer::{self, Head};

/// Runs the target: the first byte says how long the pieces are in which the others come.
pub fn run(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let whole = read(text, text.len().max(1));
    let parts = read(text, 1 + usize::from(*first) % 16);
    // A fault may be seen in the whole that lies behind the end that the pieces came to.
    if let (Ok(whole), Ok(parts)) = (&whole, &parts) {
        assert_eq!(whole, parts, "{:?}", String::from_utf8_lossy(text));
    }
}

/// Status, whether the connection stays, how many bytes follow the end; none when it does not end.
fn read(text: &[u8], piece: usize) -> Result<Option<(u16, bool, usize)>, &'static str> {
    let mut buffer = Vec::new();
    let mut found: Option<Head> = None;
    let mut seen = 0;
    for piece in text.chunks(piece) {
        buffer.extend_from_slice(piece);
        seen += piece.len();
        if found.is_none() {
            found = answer::head(&mut buffer)?;
        }
        if let Some(head) = &mut found {
            if head.rest.take(&mut buffer)? {
                return Ok(Some((head.status, head.keeps_open, text.len() - seen + buffer.len())));
            }
            // What waits is the beginning of a line, and no more than that.
            assert!(buffer.len() <= answer::MAX_HEAD, "{} bytes are held back", buffer.len());
        }
    }
    Ok(None)
}

//! Segments of the log: what is taken for records lies in the segment, in order.

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(segment) = belfry_log::parse_segment(data) else { return };
    assert!(segment.end >= belfry_log::HEADER_LEN && segment.end <= data.len().max(4096) as u64);
    let (mut seq, mut offset) = (segment.header.first_seq, belfry_log::HEADER_LEN);
    for record in &segment.records {
        assert_eq!(record.seq, seq);
        assert!(record.offset >= offset && record.offset + (record.payload.len() as u64) <= segment.end);
        (seq, offset) = (seq + 1, record.offset + record.payload.len() as u64);
    }
}

//! MQTT packets of both versions: what is decoded is encoded to what decodes to the same, and never before it is whole.

use belfry_connect_mqtt::codec::{Version, decode, frame};

const MAX_BYTES: usize = 1 << 20;

/// Runs the target.
pub fn run(data: &[u8]) {
    for version in [Version::V311, Version::V5] {
        let mut rest = data;
        // A stream of packets, as a connection brings it.
        while let Ok(Some((packet, used))) = decode(rest, version, MAX_BYTES) {
            assert_eq!(frame(rest, MAX_BYTES), Ok(Some(used)));
            assert_eq!(decode(&rest[..used - 1], version, MAX_BYTES), Ok(None), "{packet:?} is not whole");
            let mut bytes = Vec::new();
            packet.encode(version, &mut bytes);
            let (again, length) = decode(&bytes, version, usize::MAX)
                .unwrap_or_else(|e| panic!("{packet:?} is encoded and not decoded: {e:?}"))
                .unwrap_or_else(|| panic!("{packet:?} is encoded by half"));
            assert_eq!(length, bytes.len());
            assert_eq!(format!("{again:?}"), format!("{packet:?}"));
            rest = &rest[used..];
        }
    }
}

//! What the bytes of a file are, by the end of its name.

use std::path::Path;

const KNOWN: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// The media type of a file (RFC 6838), or that of bytes about which nothing is known.
pub(super) fn media_type(path: &Path) -> &'static str {
    let end = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    let known = KNOWN.iter().find(|(known, _)| *known == end);
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_name_ends_in() {
        assert_eq!(media_type(Path::new("a/b/event.JSON")), "application/json");
        assert_eq!(media_type(Path::new("plan")), "application/octet-stream");
    }
}

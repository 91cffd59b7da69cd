//! What a program reads: files by path, each with its content type.

/// One embedded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asset {
    /// The value of its `Content-Type` header; text types name UTF-8.
    pub content_type: &'static str,
    /// The whole file.
    pub bytes: &'static [u8],
}

/// The files of one embedded folder.
///
/// Paths are relative to the folder, use `/`, and have no leading slash.
///
/// # Example
///
/// ```
/// use roomcast_embed::Assets;
///
/// static PAGE: Assets = Assets::new(&[("index.html", b"<h1>hi</h1>")]);
///
/// let page = PAGE.file("index.html").expect("named in the line above");
/// assert_eq!(page.content_type, "text/html; charset=utf-8");
/// assert_eq!(page.bytes, b"<h1>hi</h1>");
/// assert!(PAGE.file("../index.html").is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Assets {
    files: &'static [(&'static str, &'static [u8])],
}

impl Assets {
    /// Wraps a table of paths and contents, as written by [`Folder::write_table`](crate::Folder::write_table).
    pub const fn new(files: &'static [(&'static str, &'static [u8])]) -> Self {
        Self { files }
    }

    /// Looks up the file at `path`, which is compared byte for byte.
    pub fn file(&self, path: &str) -> Option<Asset> {
        let (name, bytes) = self.files.iter().find(|(name, _)| *name == path)?;
        Some(Asset {
            content_type: content_type(name),
            bytes,
        })
    }

    /// Whether nothing was embedded, because the folder was not built.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All files, sorted by path.
    pub const fn files(&self) -> &'static [(&'static str, &'static [u8])] {
        self.files
    }
}

/// The content type of a file, told by what follows the last dot of its path.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_type_follows_the_last_extension() {
        assert_eq!(
            content_type("assets/index-a.b.css"),
            "text/css; charset=utf-8"
        );
        assert_eq!(
            content_type("socket.io.js.map"),
            "application/json; charset=utf-8"
        );
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }

    #[test]
    fn an_empty_table_has_no_file() {
        let nothing = Assets::new(&[]);

        assert!(nothing.is_empty());
        assert_eq!(nothing.file("index.html"), None);
    }
}

//! The browser client as files: what `<script src="/socket.io/socket.io.js">` loads.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
        IF_NONE_MATCH, VARY,
    },
};

use super::compression::{Effort, Encoding, compress_with, negotiate};
use super::head::RequestHead;

/// The files of the official `socket.io-client`, to be served below the server's path.
///
/// They are not part of this library: take them from npm, from `socket.io-client/dist` or from
/// `socket.io/client-dist`. There are four scripts and the map of each: `socket.io.js`,
/// `socket.io.min.js`, `socket.io.esm.min.js` and `socket.io.msgpack.min.js`. A file that is not
/// there is answered as any unknown path; other files are left alone.
///
/// The bytes are kept in memory, once for all clones, and compressed once per encoding, when the
/// first browser asks for it.
///
/// # Example
///
/// ```
/// use roomcast::ClientBundle;
///
/// // Usually: ClientBundle::from_dir("node_modules/socket.io-client/dist")?
/// let bundle = ClientBundle::from_files("4.8.4", [("socket.io.js", "/* the client */")])?;
/// assert_eq!(bundle.version(), "4.8.4");
/// # Ok::<(), roomcast::ClientBundleError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBundle(Arc<Bundle>);

#[derive(Debug)]
struct Bundle {
    version: String,
    etag: HeaderValue,
    files: Vec<File>,
}

struct File {
    name: &'static str,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    deflate: OnceLock<Bytes>,
    br: OnceLock<Bytes>,
}

impl ClientBundle {
    /// Reads the bundle from a folder, waiting for the disk.
    ///
    /// Its version is that of the `package.json` beside the folder if this is the one of
    /// `socket.io-client` or `socket.io`, otherwise the one in the comment at the top of a script.
    ///
    /// # Errors
    ///
    /// [`ClientBundleError::NoFiles`] if the folder has none of the files,
    /// [`ClientBundleError::Unreadable`] if one cannot be read, [`ClientBundleError::NoVersion`]
    /// and [`ClientBundleError::IllegalVersion`] if there is no version or a strange one.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{ClientBundle, ClientBundleError, Server};
    ///
    /// fn server() -> Result<Server, ClientBundleError> {
    ///     let bundle = ClientBundle::from_dir("node_modules/socket.io-client/dist")?;
    ///     Ok(Server::builder().client_bundle(bundle).build())
    /// }
    /// ```
    ///
    /// Spec: features 2.2.
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, ClientBundleError> {
        let folder = path.as_ref();
        let mut files = Vec::new();
        for name in FILE_NAMES {
            if let Some(bytes) = read_if_there(&folder.join(name))? {
                files.push((name, Bytes::from(bytes)));
            }
        }
        if files.is_empty() {
            return Err(ClientBundleError::NoFiles);
        }
        let version = match package_version(folder)? {
            Some(version) => version,
            None => banner_version(&files).ok_or(ClientBundleError::NoVersion)?,
        };
        Self::from_files(&version, files)
    }

    /// Takes the bundle from memory, for files that are embedded in the program. Files of other
    /// names are ignored; of two with the same name the last counts.
    ///
    /// # Errors
    ///
    /// [`ClientBundleError::NoFiles`] if none of the files is there,
    /// [`ClientBundleError::IllegalVersion`] if `version` is empty or cannot stand in an `ETag`.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{ClientBundle, ClientBundleError};
    ///
    /// // Usually by include_bytes!
    /// let files = [("socket.io.js", "/* script */"), ("socket.io.min.js", "/* small */")];
    /// assert!(ClientBundle::from_files("4.8.4", files).is_ok());
    ///
    /// let none = ClientBundle::from_files("4.8.4", [("readme.md", "")]);
    /// assert_eq!(none.err(), Some(ClientBundleError::NoFiles));
    /// ```
    ///
    /// Spec: features 2.2.
    pub fn from_files<Name: AsRef<str>, Content: Into<Bytes>>(
        version: &str,
        files: impl IntoIterator<Item = (Name, Content)>,
    ) -> Result<Self, ClientBundleError> {
        let etag = etag_of(version)?;
        let mut known: Vec<File> = Vec::new();
        for (name, content) in files {
            let Some(name) = FILE_NAMES.into_iter().find(|known| *known == name.as_ref()) else {
                continue;
            };
            known.retain(|file| file.name != name);
            known.push(File::new(name, content.into()));
        }
        if known.is_empty() {
            return Err(ClientBundleError::NoFiles);
        }
        let version = version.to_owned();
        Ok(Self(Arc::new(Bundle {
            version,
            etag,
            files: known,
        })))
    }

    /// Returns the version of the client, as in the `ETag`. Example: [`ClientBundle`].
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// The answer to a request for `file_name`, the part of the path below the server's path,
    /// without the query. `None` if the bundle has no such file.
    ///
    /// COMPAT: the official server answers any method with the file.
    pub(crate) fn answer(&self, request: &RequestHead, file_name: &str) -> Option<Response<Bytes>> {
        let bundle = &*self.0;
        let file = bundle.files.iter().find(|file| file.name == file_name)?;
        if has_tag(request, &bundle.etag) {
            return Some(bundle.response(StatusCode::NOT_MODIFIED, Bytes::new()));
        }
        let encoding = negotiate(request.header_text(ACCEPT_ENCODING.as_str()), &OFFERED);
        let body = file.body(encoding);
        let len = body.len();
        let body = if request.method() == Method::HEAD {
            Bytes::new()
        } else {
            body
        };
        let mut response = bundle.response(StatusCode::OK, body);
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, file.content_type());
        fields.insert(CONTENT_LENGTH, len.into());
        if let Some(encoding) = encoding {
            fields.insert(CONTENT_ENCODING, encoding.header_value());
        }
        Some(response)
    }
}

impl Bundle {
    /// SPEC: RFC 9110, 15.4.5: a 304 has the validators and `Vary` of the 200.
    fn response(&self, status: StatusCode, body: Bytes) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let fields = response.headers_mut();
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        fields.insert(ETAG, self.etag.clone());
        fields.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        response
    }
}

impl File {
    fn new(name: &'static str, plain: Bytes) -> Self {
        let [gzip, deflate, br] = [const { OnceLock::new() }; 3];
        Self {
            name,
            plain,
            gzip,
            deflate,
            br,
        }
    }

    fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static(if self.name.ends_with(".map") {
            "application/json; charset=utf-8"
        } else {
            "application/javascript; charset=utf-8"
        })
    }

    /// Cost: the first request for an encoding waits for the compressor, 33 ms for the largest file
    /// with br.
    fn body(&self, encoding: Option<Encoding>) -> Bytes {
        let (encoding, kept) = match encoding {
            None => return self.plain.clone(),
            Some(Encoding::Gzip) => (Encoding::Gzip, &self.gzip),
            Some(Encoding::Deflate) => (Encoding::Deflate, &self.deflate),
            Some(Encoding::Br) => (Encoding::Br, &self.br),
        };
        kept.get_or_init(|| compress_with(encoding, Effort::Kept, &self.plain))
            .clone()
    }
}

/// The bytes of a script are of no use to a reader of logs.
impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.plain.len())
    }
}

/// Says why the client bundle cannot be served.
///
/// # Example
///
/// ```
/// use roomcast::{ClientBundle, ClientBundleError};
///
/// let bundle = ClientBundle::from_files("4 8 4", [("socket.io.js", "")]);
/// let error = bundle.expect_err("a version has no spaces");
/// assert!(matches!(error, ClientBundleError::IllegalVersion { .. }));
/// assert_eq!(error.to_string(), r#""4 8 4" is no version"#);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are described in the variants")]
pub enum ClientBundleError {
    /// None of the eight files is there.
    #[error("no file of the client bundle, socket.io.js or one of its kind, is there")]
    NoFiles,
    /// `path` is there, but could not be read.
    #[error("{} could not be read: {kind}", path.display())]
    Unreadable { path: PathBuf, kind: io::ErrorKind },
    /// Neither `package.json` nor a script says of which version the files are.
    #[error("the files do not say their version, and there is no package.json of theirs")]
    NoVersion,
    /// `version` is empty or has characters that cannot stand in an `ETag`.
    #[error("{version:?} is no version")]
    IllegalVersion { version: String },
}

fn etag_of(version: &str) -> Result<HeaderValue, ClientBundleError> {
    let is_legal = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b',';
    if version.is_empty() || !version.bytes().all(is_legal) {
        return Err(ClientBundleError::IllegalVersion {
            version: version.to_owned(),
        });
    }
    let etag = HeaderValue::try_from(format!("\"{version}\""));
    Ok(etag.expect("visible ASCII, checked above"))
}

/// Whether `If-None-Match` names the tag, strong or weak, alone or in a list, or is `*`.
fn has_tag(request: &RequestHead, etag: &HeaderValue) -> bool {
    let lines = request.values(IF_NONE_MATCH.as_str());
    // A version holds no comma, so its tag is never split here.
    lines
        .flat_map(|line| line.split(|&byte| byte == b','))
        .any(|item| {
            let item = item.trim_ascii();
            item == b"*" || item.strip_prefix(b"W/").unwrap_or(item) == etag.as_bytes()
        })
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, ClientBundleError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClientBundleError::Unreadable {
            path: path.to_owned(),
            kind: error.kind(),
        }),
    }
}

/// The version in the `package.json` one level up, if it describes one of the two packages: the
/// folder may have been copied into another project.
fn package_version(folder: &Path) -> Result<Option<String>, ClientBundleError> {
    let Some(bytes) = read_if_there(&folder.join("../package.json"))? else {
        return Ok(None);
    };
    // A file that is no JSON is not the package's own; then the scripts say the version.
    let package = serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default();
    let is_official = matches!(
        package["name"].as_str(),
        Some("socket.io" | "socket.io-client")
    );
    Ok(package["version"]
        .as_str()
        .filter(|_| is_official)
        .map(str::to_owned))
}

/// The version in the comment at the top of the first script that has one.
fn banner_version(files: &[(&str, Bytes)]) -> Option<String> {
    files.iter().find_map(|(_, content)| {
        let top = String::from_utf8_lossy(&content[..content.len().min(BANNER_BYTES)]);
        let (_, version) = top.split_once("Socket.IO v")?;
        version.split_whitespace().next().map(str::to_owned)
    })
}

const FILE_NAMES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

/// The official server's order of preference for these files.
const OFFERED: [Encoding; 3] = [Encoding::Br, Encoding::Gzip, Encoding::Deflate];

/// In which part of a script the comment with the version is looked for.
const BANNER_BYTES: usize = 256;

#[cfg(test)]
mod tests;

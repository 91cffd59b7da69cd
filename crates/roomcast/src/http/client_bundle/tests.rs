//! The expected headers were recorded from socket.io 4.8.4; `Vary`, `Content-Length` and the
//! headers of a 304 are additions that HTTP asks for.

use std::io::Read as _;

use super::*;

const SCRIPT: &str =
    "/*!\n * Socket.IO v4.8.4\n * (c) 2014-2026 Guillermo Rauch\n */\nconst t=1;\n";

fn bundle() -> ClientBundle {
    let files = [
        ("socket.io.min.js", SCRIPT),
        ("socket.io.min.js.map", "{\"version\":3}"),
    ];
    ClientBundle::from_files("4.8.4", files).expect("a bundle")
}

fn ask(method: &Method, name: &str, headers: &[(&'static str, &'static str)]) -> Response<Bytes> {
    bundle()
        .answer(&request(method, headers), name)
        .expect("a file of the bundle")
}

fn request(method: &Method, headers: &[(&'static str, &'static str)]) -> RequestHead {
    RequestHead::new(method, "", "/", || {
        let headers = headers.iter();
        headers.map(|(name, value)| (name.as_bytes(), value.as_bytes()))
    })
}

fn fields(response: &Response<Bytes>) -> Vec<(&str, &str)> {
    response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().expect("an ASCII value")))
        .collect()
}

/// A folder that is gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("roomcast-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("dist")).expect("a new folder");
        for (name, text) in files {
            fs::write(path.join(name), text).expect("a new file");
        }
        Self(path)
    }

    fn bundle(&self) -> Result<ClientBundle, ClientBundleError> {
        ClientBundle::from_dir(self.0.join("dist"))
    }

    fn version(&self) -> Result<String, ClientBundleError> {
        self.bundle().map(|bundle| bundle.version().to_owned())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("the folder of this test");
    }
}

#[test]
fn script_comes_as_javascript_with_the_version_as_its_tag() {
    let response = ask(&Method::GET, "socket.io.min.js", &[]);

    assert_eq!(response.status(), 200);
    assert_eq!(
        fields(&response),
        [
            ("cache-control", "public, max-age=0"),
            ("etag", "\"4.8.4\""),
            ("vary", "Accept-Encoding"),
            ("content-type", "application/javascript; charset=utf-8"),
            ("content-length", "72"),
        ]
    );
    assert_eq!(response.body(), SCRIPT);
}

#[test]
fn map_comes_as_json() {
    let response = ask(&Method::GET, "socket.io.min.js.map", &[]);

    assert_eq!(
        response.headers()[CONTENT_TYPE],
        "application/json; charset=utf-8"
    );
    assert_eq!(response.body(), "{\"version\":3}");
}

#[test]
fn names_that_are_not_in_the_bundle_have_no_answer() {
    for name in [
        "",
        "socket.io.js",
        "socket.io.jsx",
        "../package.json",
        "package.json",
        "SOCKET.IO.MIN.JS",
    ] {
        assert!(
            bundle().answer(&request(&Method::GET, &[]), name).is_none(),
            "{name:?}"
        );
    }
}

#[test]
fn matching_tag_strong_weak_or_in_a_list_gives_304_without_a_body() {
    for tag in [
        "\"4.8.4\"",
        "W/\"4.8.4\"",
        "\"1.0\", W/\"4.8.4\"",
        "\"4.8.4\",\"x\"",
        "*",
    ] {
        let response = ask(&Method::GET, "socket.io.min.js", &[("if-none-match", tag)]);

        assert_eq!(response.status(), 304, "{tag}");
        assert_eq!(response.body(), "");
        assert_eq!(
            fields(&response),
            [
                ("cache-control", "public, max-age=0"),
                ("etag", "\"4.8.4\""),
                ("vary", "Accept-Encoding"),
            ]
        );
    }
}

#[test]
fn other_tag_gives_the_file() {
    for tag in ["\"4.8.3\"", "4.8.4", "w/\"4.8.4\"", "\"4.8.4", ""] {
        let response = ask(&Method::GET, "socket.io.min.js", &[("if-none-match", tag)]);
        assert_eq!(
            (response.status().as_u16(), response.body().len()),
            (200, 72),
            "{tag}"
        );
    }
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let get = ask(
        &Method::GET,
        "socket.io.min.js",
        &[("accept-encoding", "gzip")],
    );
    let head = ask(
        &Method::HEAD,
        "socket.io.min.js",
        &[("accept-encoding", "gzip")],
    );

    assert_eq!(head.status(), 200);
    assert_eq!(head.headers(), get.headers());
    assert!(head.body().is_empty() && !get.body().is_empty());
}

#[test]
fn accepted_encoding_is_used_and_named() {
    for encoding in ["gzip", "deflate", "br"] {
        let response = ask(
            &Method::GET,
            "socket.io.min.js",
            &[("accept-encoding", encoding)],
        );
        let mut opened = String::new();
        let body = &response.body()[..];
        match encoding {
            "gzip" => flate2::read::GzDecoder::new(body).read_to_string(&mut opened),
            "deflate" => flate2::read::ZlibDecoder::new(body).read_to_string(&mut opened),
            _ => brotli::Decompressor::new(body, 4096).read_to_string(&mut opened),
        }
        .expect("a whole stream");

        assert_eq!(response.headers()[CONTENT_ENCODING], encoding);
        assert_eq!(response.headers()[CONTENT_LENGTH], body.len().to_string());
        assert_eq!(opened, SCRIPT);
    }
}

#[test]
fn compressed_form_is_made_once_and_shared_by_clones() {
    let bundle = bundle();
    let gzip = request(&Method::GET, &[("accept-encoding", "gzip")]);
    let body = |bundle: &ClientBundle| {
        bundle
            .answer(&gzip, "socket.io.min.js")
            .expect("a file")
            .into_body()
    };

    assert_eq!(body(&bundle).as_ptr(), body(&bundle.clone()).as_ptr());
}

#[test]
fn folder_beside_its_package_has_the_version_of_the_package() {
    for name in ["socket.io-client", "socket.io"] {
        let package = format!("{{\"name\":\"{name}\",\"version\":\"4.8.9\"}}");
        let files = [
            ("package.json", package.as_str()),
            ("dist/socket.io.js", SCRIPT),
        ];

        assert_eq!(Folder::new(name, &files).version(), Ok("4.8.9".into()));
    }
}

#[test]
fn folder_in_another_project_has_the_version_of_its_scripts() {
    let package = "{\"name\":\"my-app\",\"version\":\"1.0.0\"}";
    for (name, package) in [("other", package), ("broken", "{"), ("list", "[]")] {
        let files = [
            ("package.json", package),
            ("dist/socket.io.esm.min.js", SCRIPT),
        ];
        assert_eq!(
            Folder::new(name, &files).version(),
            Ok("4.8.4".into()),
            "{name}"
        );
    }
}

#[test]
fn folder_that_lacks_files_serves_the_others() {
    let folder = Folder::new(
        "some",
        &[("dist/socket.io.js", SCRIPT), ("dist/index.js", "x")],
    );
    let bundle = folder.bundle().expect("a bundle");
    let answer = |name| bundle.answer(&request(&Method::GET, &[]), name);

    assert!(answer("socket.io.js").is_some_and(|response| response.body() == SCRIPT));
    assert!(answer("socket.io.min.js").is_none() && answer("index.js").is_none());
}

#[test]
fn folder_without_files_version_or_access_is_an_error() {
    let no_files = Folder::new("empty", &[("dist/index.js", "x")]);
    let no_version = Folder::new("nameless", &[("dist/socket.io.js", "const t=1;")]);
    let no_access = Folder::new("folder", &[]);
    let path = no_access.0.join("dist/socket.io.js");
    fs::create_dir(&path).expect("a folder in the place of the file");
    let kind = fs::read(&path).expect_err("a folder is no file").kind();

    assert_eq!(no_files.version(), Err(ClientBundleError::NoFiles));
    assert_eq!(no_version.version(), Err(ClientBundleError::NoVersion));
    assert_eq!(
        no_access.version(),
        Err(ClientBundleError::Unreadable { path, kind })
    );
}

#[test]
fn versions_that_no_tag_can_hold_are_refused() {
    for version in ["", "4\"8", "4 8", "4,8", "4\r\n8", "é"] {
        let refused = ClientBundle::from_files(version, [("socket.io.js", SCRIPT)]);
        let expected = ClientBundleError::IllegalVersion {
            version: version.into(),
        };
        assert_eq!(refused.map(|_| ()), Err(expected));
    }
}

#[test]
fn files_of_other_names_are_ignored_and_the_last_of_two_counts() {
    let files = [
        ("socket.io.js", "old"),
        ("index.js", "x"),
        ("socket.io.js", "new"),
    ];
    let bundle = ClientBundle::from_files("1", files).expect("a bundle");
    let response = bundle.answer(&request(&Method::GET, &[]), "socket.io.js");

    assert_eq!(response.map(Response::into_body), Some(Bytes::from("new")));
    let none = ClientBundle::from_files("1", [("index.js", "x")]);
    assert_eq!(none.map(|_| ()), Err(ClientBundleError::NoFiles));
}

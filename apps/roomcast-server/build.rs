//! Embeds the web page if it was built.

fn main() -> std::io::Result<()> {
    roomcast_embed::Folder::new("web/dist").write_table("page.rs")
}

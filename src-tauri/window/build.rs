//! Tauri's configuration is at the top of the repository; permissions and capabilities are in this package.

fn main() {
    for source in ["../capabilities", "../permissions", "../../ui/dist"] {
        println!("cargo:rerun-if-changed={source}");
    }
    let manifest = tauri_build::AppManifest::new().permissions_path_pattern("../permissions/**/*.toml");
    let attributes = tauri_build::Attributes::new()
        .config_path("../../tauri.conf.json")
        .app_manifest(manifest)
        .capabilities_path_pattern("../capabilities/**/*.json");
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("{error:#}");
    }
}

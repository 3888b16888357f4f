//! What the web engine has to be told on some computers so that it draws at all.

use std::path::Path;

/// Turns off the way (DMA-BUF) on which WebKitGTK hands its pictures on. With NVIDIA's own driver windows often stay blank
/// on it, under Wayland and under X11: <https://github.com/tauri-apps/tauri/issues/10702>, `/9304`.
pub const NO_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// What is there while NVIDIA's own driver is loaded, the one with open kernel modules too; nouveau has neither.
const NVIDIA: [&str; 2] = ["proc/driver/nvidia", "sys/module/nvidia"];

/// Whether [`NO_DMABUF`] is to be set for a window. What the person set stays.
pub fn needs_no_dmabuf() -> bool {
    std::env::var_os(NO_DMABUF).is_none() && is_nvidia(Path::new("/"))
}

fn is_nvidia(root: &Path) -> bool {
    cfg!(target_os = "linux") && NVIDIA.iter().any(|trace| root.join(trace).is_dir())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nvidias_driver_is_known_by_either_trace() {
        let root = tempfile::tempdir().unwrap();
        for trace in NVIDIA {
            let trace = root.path().join(trace);
            assert!(!is_nvidia(root.path()));
            std::fs::create_dir_all(&trace).unwrap();
            assert!(is_nvidia(root.path()), "{}", trace.display());
            std::fs::remove_dir(trace).unwrap();
        }
    }
}

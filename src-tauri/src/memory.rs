//! Memory tuning for a process that runs for days and is mostly idle.

/// Limits the unused memory that the allocator keeps. Must be called before a second thread is started.
///
/// glibc creates an arena for each new thread, up to eight for each processor.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no other way to say it from within a program")]
pub fn keep_little() {
    const RETURNED_FROM: libc::c_int = 64 * 1024;
    // SAFETY: mallopt(3) may be called at any time, and takes numbers.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_FROM);
        libc::mallopt(libc::M_TRIM_THRESHOLD, RETURNED_FROM);
    }
}

/// Returns free memory between used blocks to the system. A request, for example, reads certificates: a few hundred
/// kilobytes, nearly all of which are free afterwards.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no other way to say it from within a program")]
pub fn give_back() {
    // SAFETY: malloc_trim(3) may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A no-op: other allocators do not need it.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_little() {}

/// A no-op: other allocators do not need it.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

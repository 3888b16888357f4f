//! How a process keeps memory that lives for days and does next to nothing in them.

/// Has the allocator keep little of what is not in use. To be called before there is a second thread.
///
/// glibc makes an arena for each thread that comes, as many as eight for each processor.
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

/// Gives the system back what is free between things that are in use: a request, for one, has certificates read, some hundred
/// kilobytes, all of which is free afterwards but for the ends.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no other way to say it from within a program")]
pub fn give_back() {
    // SAFETY: malloc_trim(3) may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators have no such habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_little() {}

/// Other allocators have no such habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

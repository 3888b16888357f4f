//! Memory tuning for a process that runs for days and is mostly idle.

/// Limits the unused memory that the allocator keeps. Must be called before a second thread is started.
///
/// glibc creates an arena for each new thread, up to eight for each processor.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no other way to say it from within a program")]
pub fn limit_heap() {
    const RETURNED_FROM: libc::c_int = 64 * 1024;
    // SAFETY: mallopt(3) may be called at any time, and takes numbers.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_FROM);
        libc::mallopt(libc::M_TRIM_THRESHOLD, RETURNED_FROM);
    }
}

/// Returns memory that an idle app does not need: free memory between used blocks, and the program's constant data. A
/// request, for example, reads certificates: a few hundred kilobytes, nearly all of which are free afterwards. Of the
/// constant data, the start reads a megabyte once: relocations, tables and texts.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no other way to say it from within a program")]
pub fn give_back() {
    // SAFETY: malloc_trim(3) may be called at any time, from any thread. dl_iterate_phdr(3) calls back before it returns.
    unsafe {
        libc::malloc_trim(0);
        libc::dl_iterate_phdr(Some(drop_constants), std::ptr::null_mut());
    }
}

/// Drops the pages of the program's read-only segments; the next access maps them from the file again. Segments that
/// relocation has written to are left alone, even if they are read-only by now.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no other way to say it from within a program")]
unsafe extern "C" fn drop_constants(
    object: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut libc::c_void,
) -> libc::c_int {
    const LAST: libc::c_int = 1;
    // SAFETY: the linker passes a valid description of a loaded object with this many program headers. The first object is
    // the program. No one can have written to a segment without PF_W, so its pages equal the file's.
    unsafe {
        let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).unwrap_or(4096);
        let object = &*object;
        for segment in std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)) {
            if segment.p_type == libc::PT_LOAD && segment.p_flags == libc::PF_R {
                let begin = (object.dlpi_addr + segment.p_vaddr) as usize;
                let end = begin + segment.p_memsz as usize;
                let first = begin / page * page;
                libc::madvise(first as *mut libc::c_void, end - first, libc::MADV_DONTNEED);
            }
        }
    }
    LAST
}

/// A no-op: other allocators do not need it.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn limit_heap() {}

/// A no-op: other allocators do not need it.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

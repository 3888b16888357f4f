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
/// kilobytes, all of which is free afterwards but for the ends. And the code that ran for it: two thirds of the program are
/// of use at the start and for a request, and the little that waits is had again from the file's pages in a blink.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no other way to say it from within a program")]
pub fn give_back() {
    // SAFETY: malloc_trim(3) may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (start, length) in maps.lines().filter_map(code_of_a_file) {
        // SAFETY: code that is mapped from a file and cannot be written is the same when it is read from there again; the file
        // of a program that was replaced lives as long as it is mapped.
        unsafe {
            libc::madvise(std::ptr::with_exposed_provenance_mut(start), length, libc::MADV_DONTNEED);
        }
    }
}

/// Start and length of the mapping in a line of `/proc/self/maps`, if it is code that stands in a file as it stands here.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn code_of_a_file(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (range, rights, _offset, _device, inode) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    if rights != "r-xp" || inode == "0" {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let [start, end] = [start, end].map(|address| usize::from_str_radix(address, 16));
    let (start, end) = (start.ok()?, end.ok()?);
    Some((start, end.checked_sub(start)?))
}

/// Other allocators have no such habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_little() {}

/// Other allocators have no such habits.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn only_code_that_stands_in_a_file_is_given_back() {
        let line = |rights: &str, inode: &str| format!("7f10-7f30 {rights} 00001000 fe:00 {inode}    /usr/lib/x.so");
        assert_eq!(code_of_a_file(&line("r-xp", "42")), Some((0x7f10, 0x20)));
        for (rights, inode) in [("r--p", "42"), ("rw-p", "42"), ("rwxp", "42"), ("r-xs", "42"), ("r-xp", "0")] {
            assert_eq!(code_of_a_file(&line(rights, inode)), None, "{rights} {inode}");
        }
        assert_eq!(code_of_a_file("torn"), None);
    }

    #[test]
    fn the_program_goes_on_after_its_code_was_given_back() {
        for _ in 0..3 {
            give_back();
            assert_eq!(format!("{:?}", "a".repeat(3)), "\"aaa\"");
        }
    }
}

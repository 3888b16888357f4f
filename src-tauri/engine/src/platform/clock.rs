//! The program's clock: wall time, boot time, and waking up.
//!
//! Only the core's notion of time is scaled by `HOLDOFF_CLOCK`; network timeouts stay in real time.

use holdoff_core::time::{Boot, Moment, Wall};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `HOLDOFF_CLOCK`: the clock reads `epoch + (real − epoch) · speed`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockSpec {
    /// Unix seconds at which the program's clock and the real one agree.
    pub epoch: f64,
    pub speed: f64,
}

impl FromStr for ClockSpec {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, speed) = text.split_once('x').ok_or("it contains no \"x\"")?;
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        let epoch = number(epoch).ok_or("the epoch is not a number")?;
        let speed = number(speed).filter(|speed| *speed > 0.0).ok_or("the speed is not a positive number")?;
        Ok(Self { epoch, speed })
    }
}

#[derive(Debug, Clone)]
pub struct Clock {
    spec: Option<ClockSpec>,
    boot: platform::BootClock,
    #[cfg(test)]
    slept: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Clock {
    pub fn real() -> Self {
        Self {
            spec: None,
            boot: platform::BootClock::new(),
            #[cfg(test)]
            slept: std::sync::Arc::default(),
        }
    }

    pub fn with(spec: ClockSpec) -> Self {
        Self { spec: Some(spec), ..Self::real() }
    }

    pub fn speed(&self) -> f64 {
        self.spec.map_or(1.0, |spec| spec.speed)
    }

    /// Identifies the boot that boot times belong to. A different speed counts as a different boot, since its times cannot be
    /// compared.
    pub fn boot_id(&self) -> String {
        match self.spec {
            None => self.boot.id(),
            Some(spec) => format!("{} at {}x{}", self.boot.id(), spec.epoch, spec.speed),
        }
    }

    pub fn now(&self) -> Moment {
        let boot = self.boot.elapsed().as_secs_f64() * self.speed();
        let now = Moment { wall: self.wall_of(SystemTime::now()), boot: Boot((boot * 1000.0) as i64) };
        #[cfg(test)]
        let now = now.plus(Duration::from_millis(self.slept.load(std::sync::atomic::Ordering::SeqCst)));
        now
    }

    /// Simulates that the machine slept for this long and has just woken up.
    #[cfg(test)]
    pub fn sleep_through(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.slept.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }

    /// Returns a function that gives the real time since a moment, machine sleep included.
    pub fn stopwatch(&self) -> impl Fn(Moment) -> Duration + Send + Sync + use<> {
        let clock = self.clone();
        move |then| clock.now().since(then).div_f64(clock.speed())
    }

    /// Converts a real wall time, such as a file's, to this clock.
    pub fn wall_of(&self, real: SystemTime) -> Wall {
        let real = real.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let wall = self.spec.map_or(real, |ClockSpec { epoch, speed }| epoch + (real - epoch) * speed);
        Wall((wall * 1000.0) as i64)
    }

    /// Sleeps until `until` on the boot clock, machine sleep included.
    pub async fn sleep_until(&self, until: Moment) {
        loop {
            let left = until.since(self.now());
            if left.is_zero() {
                return;
            }
            let real = Duration::from_secs_f64((left.as_secs_f64() / self.speed()).min(86_400.0));
            platform::sleep(real.max(Duration::from_millis(1))).await;
        }
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use rustix::time::{
        ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime, timerfd_create,
        timerfd_settime,
    };
    use std::io;
    use std::time::Duration;
    use tokio::io::unix::AsyncFd;

    #[derive(Debug, Clone)]
    pub struct BootClock;

    impl BootClock {
        pub fn new() -> Self {
            Self
        }

        pub fn id(&self) -> String {
            let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
            id.map(|id| id.trim().to_owned()).unwrap_or_else(|_| super::this_process())
        }

        pub fn elapsed(&self) -> Duration {
            let time = clock_gettime(ClockId::Boottime);
            let secs = u64::try_from(time.tv_sec).unwrap_or(0);
            Duration::new(secs, u32::try_from(time.tv_nsec).unwrap_or(0))
        }
    }

    /// Tokio's own timers stand still while the machine sleeps; a timer on the boot clock fires on waking.
    pub async fn sleep(time: Duration) {
        if timer(time).await.is_err() {
            tokio::time::sleep(time).await;
        }
    }

    #[allow(deprecated, reason = "its successor is unsafe for the sake of other types; an OwnedFd keeps its promise")]
    async fn timer(time: Duration) -> io::Result<()> {
        let fd = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let it_value = Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(&fd, TimerfdTimerFlags::empty(), &Itimerspec { it_interval, it_value })?;
        AsyncFd::new(fd)?.readable().await?.retain_ready();
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::time::Duration;

    /// Without a boot id, boot times end with the process and restarts rely on the wall clock.
    #[derive(Debug, Clone)]
    pub struct BootClock {
        #[cfg(not(unix))]
        started: std::time::Instant,
    }

    impl BootClock {
        pub fn new() -> Self {
            Self {
                #[cfg(not(unix))]
                started: std::time::Instant::now(),
            }
        }

        pub fn id(&self) -> String {
            super::this_process()
        }

        /// On macOS the monotonic clock counts sleep, which `std::time::Instant` does not.
        #[cfg(unix)]
        pub fn elapsed(&self) -> Duration {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
        }

        #[cfg(not(unix))]
        pub fn elapsed(&self) -> Duration {
            self.started.elapsed()
        }
    }

    /// Sleeps in slices, because a timer may stop while the machine sleeps.
    pub async fn sleep(time: Duration) {
        tokio::time::sleep(time.min(Duration::from_secs(60))).await;
    }
}

/// An id that no other process has, so that boot times are never taken over from a file.
fn this_process() -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    static STARTED: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    STARTED.get_or_init(|| format!("process {} {}", std::process::id(), started.as_nanos())).clone()
}

/// For file names: `20260914T120000Z`.
pub fn stamp(at: Wall) -> String {
    holdoff_core::messages::rfc3339(at).replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_spec_scales_both_clocks_from_its_epoch() {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - 10.0;
        let clock = Clock::with(ClockSpec { epoch, speed: 60.0 });
        let wall = clock.now().wall.0 as f64 / 1000.0;
        assert!((599.9..660.0).contains(&(wall - epoch)), "{}", wall - epoch);
        assert_ne!(clock.boot_id(), Clock::real().boot_id());
        assert_eq!(clock.boot_id(), clock.clone().boot_id());
    }

    #[tokio::test]
    async fn clock_sped_up_wakes_early_in_real_time() {
        let clock = Clock::with(ClockSpec { epoch: 1_789_387_200.0, speed: 3600.0 });
        let started = std::time::Instant::now();
        let until = clock.now().plus(Duration::from_secs(360));
        clock.sleep_until(until).await;
        assert!(!until.is_after(clock.now()));
        let real = started.elapsed();
        assert!((Duration::from_millis(99)..Duration::from_secs(5)).contains(&real), "{real:?}");
    }
}

//! The packages that Holdoff needs from the system, and how to detect them.

use std::collections::BTreeSet;

/// A package that must be installed.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// The name of its package in Debian and Ubuntu.
    pub package: &'static str,
    /// Its name in Ubuntu, if that differs.
    pub on_ubuntu: Option<&'static str>,
    pub why: &'static str,
    pub probe: Probe,
}

/// How to detect on any Linux that a need is met.
#[derive(Debug, PartialEq, Eq)]
pub enum Probe {
    /// pkg-config knows this module.
    Module(&'static str),
    /// All of these programs are in `PATH`.
    Programs(&'static [&'static str]),
    /// One of these programs is in `PATH`.
    AnyOf(&'static [&'static str]),
    /// Only the package manager knows.
    Unseen,
}

impl Need {
    const fn new(package: &'static str, probe: Probe, why: &'static str) -> Self {
        Self { package, on_ubuntu: None, why, probe }
    }

    /// The name of the package in `distribution`.
    pub fn package_in(&self, distribution: &Distribution) -> &'static str {
        match self.on_ubuntu {
            Some(name) if distribution.id == "ubuntu" => name,
            _ => self.package,
        }
    }
}

/// To build Holdoff and run it on an existing desktop.
///
/// The tray needs no library: it uses the bus directly. Menus need no libxdo, and icons no librsvg.
const BUILD: [Need; 4] = [
    Need::new("build-essential", Probe::Programs(&["cc", "c++", "make"]), "compiles and links"),
    Need::new("pkg-config", Probe::Programs(&["pkg-config"]), "finds the libraries to link with"),
    Need::new(
        "libwebkit2gtk-4.1-dev",
        Probe::Module("webkit2gtk-4.1"),
        "draws what is in the windows; brings GTK 3, libsoup 3 and JavaScriptCore",
    ),
    Need::new("ca-certificates", Probe::Unseen, "verifies a provider's certificate"),
];

/// To start a headless desktop, use it and take screenshots.
const DESKTOP: [Need; 9] = [
    Need::new("xvfb", Probe::Programs(&["Xvfb"]), "a screen in memory"),
    Need::new("dbus", Probe::Programs(&["dbus-daemon"]), "a session bus"),
    Need::new("xfce4-panel", Probe::Programs(&["xfce4-panel"]), "a panel with a tray"),
    Need::new("xfconf", Probe::Programs(&["xfconf-query"]), "keeps and changes the panel's settings"),
    Need::new("dunst", Probe::Programs(&["dunst"]), "shows notifications"),
    Need::new("xdotool", Probe::Programs(&["xdotool"]), "moves the pointer and presses keys"),
    Need::new(
        "imagemagick",
        Probe::Programs(&["import", "display"]),
        "takes the screenshots and paints the background",
    ),
    Need::new("webkit2gtk-driver", Probe::Programs(&["WebKitWebDriver"]), "drives the windows' pages"),
    Need::new("fonts-dejavu-core", Probe::Unseen, "fonts"),
];

/// To test only the UI's pages.
const BROWSER: [Need; 1] = [Need {
    package: "chromium",
    on_ubuntu: Some("chromium-browser"),
    why: "shows the UI's pages to their tests",
    probe: Probe::AnyOf(&BROWSERS),
}];

/// The browser's program names on different systems, the most common first.
pub const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// To start a headless Wayland desktop.
const WAYLAND: [Need; 2] = [
    Need::new("sway", Probe::Programs(&["sway", "swaymsg"]), "a Wayland compositor that draws into memory"),
    Need::new("waybar", Probe::Programs(&["waybar"]), "a bar with a tray on Wayland"),
];

/// To show the line of `holdoff status --format` in the bars that pieces are made for.
const BARS: [Need; 2] = [
    Need::new("tmux", Probe::Programs(&["tmux"]), "a bar in a terminal"),
    Need::new("polybar", Probe::Programs(&["polybar"]), "a bar on X11"),
];

/// To collect the app's metrics as a monitoring system does.
const COLLECTOR: [Need; 1] = [Need::new(
    "prometheus",
    Probe::Programs(&["prometheus", "promtool"]),
    "collects the app's metrics, and tests the rules that come with it",
)];

/// To check the autostart entries that Holdoff writes against the programs that read them.
const ENTRIES: [Need; 2] = [
    Need::new("libglib2.0-bin", Probe::Programs(&["gio"]), "starts a desktop entry as a desktop does"),
    Need::new("desktop-file-utils", Probe::Programs(&["desktop-file-validate"]), "checks desktop entries"),
];

/// To build packages and to validate them.
const PACKAGES: [Need; 6] = [
    Need::new(
        "dpkg-dev",
        Probe::Programs(&["dpkg-deb", "dpkg-shlibdeps"]),
        "makes the .deb and finds what it depends on",
    ),
    Need::new("binutils", Probe::Programs(&["readelf"]), "shows which program needs shared libraries"),
    Need::new("rpm", Probe::Programs(&["rpm", "rpmbuild"]), "makes the .rpm"),
    Need::new("lintian", Probe::Programs(&["lintian"]), "checks the .deb"),
    Need::new("appstream", Probe::Programs(&["appstreamcli"]), "checks what software centres show"),
    Need::new("desktop-file-utils", Probe::Programs(&["desktop-file-validate"]), "checks the menu entry"),
];

/// To create a separate system and install a package there.
const SYSTEMS: [Need; 3] = [
    Need::new("debian-archive-keyring", Probe::Unseen, "verifies Debian's packages"),
    Need::new("debootstrap", Probe::Programs(&["debootstrap"]), "makes a minimal Debian in a folder"),
    Need::new("dpkg", Probe::Programs(&["dpkg-deb"]), "unpacks and repacks a package"),
];

/// What the packages are needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Run,
    VirtualDesktop,
    Test,
    Package,
    CleanSystem,
}

impl Purpose {
    pub const NAMES: &str = "run, virtual-desktop, test or package";

    pub fn named(name: &str) -> Option<Self> {
        match name {
            "run" => Some(Self::Run),
            "virtual-desktop" => Some(Self::VirtualDesktop),
            "test" => Some(Self::Test),
            "package" => Some(Self::Package),
            _ => None,
        }
    }

    /// All packages that it needs on Linux.
    pub fn needs(self) -> Vec<&'static Need> {
        let sets: &[&'static [Need]] = match self {
            Self::Run => &[&BUILD],
            Self::VirtualDesktop => &[&BUILD, &DESKTOP],
            Self::Test => &[&BUILD, &DESKTOP, &WAYLAND, &BARS, &BROWSER, &COLLECTOR, &ENTRIES],
            Self::Package => &[&BUILD, &PACKAGES],
            Self::CleanSystem => &[&BUILD, &SYSTEMS],
        };
        sets.iter().flat_map(|set| set.iter()).collect()
    }
}

/// The Linux distribution, from os-release(5).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    pub id: String,
    pub like: Vec<String>,
}

impl Distribution {
    pub fn parse(os_release: &str) -> Self {
        let value = |key: &str| {
            let line = os_release.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
        };
        let like = value("ID_LIKE").split_whitespace().map(str::to_owned).collect();
        Self { id: value("ID"), like }
    }

    /// Whether the system uses apt-get and the package names listed here.
    pub fn is_debian(&self) -> bool {
        [&self.id].into_iter().chain(&self.like).any(|name| name == "debian" || name == "ubuntu")
    }
}

/// What `dpkg-query -W -f '${db:Status-Status} ${Package}\n'` names as wholly installed.
pub fn installed_packages(dpkg_query: &str) -> BTreeSet<&str> {
    dpkg_query.lines().filter_map(|line| line.trim().strip_prefix("installed ")).collect()
}

/// The needs that neither an installed package nor `is_met` satisfies.
pub fn missing<'a>(
    needs: &[&'a Need],
    distribution: &Distribution,
    installed: &BTreeSet<&str>,
    is_met: impl Fn(&Probe) -> bool,
) -> Vec<&'a Need> {
    let absent = |need: &&&Need| !installed.contains(need.package_in(distribution)) && !is_met(&need.probe);
    needs.iter().filter(absent).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(needs: &[&Need], distribution: &Distribution) -> Vec<&'static str> {
        needs.iter().map(|need| need.package_in(distribution)).collect()
    }

    #[test]
    fn os_release_is_parsed_with_and_without_quotes() {
        let debian = Distribution::parse("PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\n");
        assert_eq!(debian, Distribution { id: "debian".into(), like: vec![] });
        assert!(debian.is_debian());

        let mint = Distribution::parse("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n");
        assert_eq!(mint.like, ["ubuntu", "debian"]);
        assert!(mint.is_debian());

        assert!(!Distribution::parse("ID=fedora\n").is_debian());
        assert!(!Distribution::parse("").is_debian());
    }

    #[test]
    fn installed_packages_exclude_removed_and_unconfigured_ones() {
        let said = "installed xvfb\nconfig-files dunst\nhalf-configured dbus\nnot-installed xdotool\n";
        assert_eq!(installed_packages(said), BTreeSet::from(["xvfb"]));
    }

    #[test]
    fn missing_packages_exclude_needs_already_met() {
        let debian = Distribution::parse("ID=debian");
        let installed = BTreeSet::from(["build-essential", "fonts-dejavu-core"]);
        let is_met = |probe: &Probe| *probe == Probe::Programs(&["pkg-config"]);
        let needs = Purpose::Run.needs();
        let missing = missing(&needs, &debian, &installed, is_met);
        assert_eq!(packages(&missing, &debian), ["libwebkit2gtk-4.1-dev", "ca-certificates"]);
    }

    #[test]
    fn purpose_needs_include_those_of_lesser_purposes() {
        let [run, desktop, test] = [Purpose::Run, Purpose::VirtualDesktop, Purpose::Test].map(Purpose::needs);
        assert!(desktop.starts_with(&run) && test.starts_with(&desktop));
        assert!(run.len() < desktop.len() && desktop.len() < test.len());
    }

    #[test]
    fn chromium_package_is_named_differently_on_ubuntu() {
        let needs = Purpose::Test.needs();
        let named = |id: &str| {
            let all = packages(&needs, &Distribution::parse(id));
            all.into_iter().filter(|name| name.starts_with("chromium")).collect::<Vec<_>>()
        };
        assert_eq!(named("ID=ubuntu\nID_LIKE=debian"), ["chromium-browser"]);
        assert_eq!(named("ID=debian"), ["chromium"]);
    }
}

# Made by `cargo xtask manifests`, for a tap.
cask "holdoff" do
  version "@VERSION@"
  sha256 "@SHA256 Holdoff_@VERSION@_aarch64.dmg@"

  url "@URL@/Holdoff_#{version}_aarch64.dmg"
  name "Holdoff"
  desc "Shows how much of your AI subscription is left"
  homepage "@HOMEPAGE@"

  depends_on arch: :arm64

  app "Holdoff.app"
  binary "#{appdir}/Holdoff.app/Contents/MacOS/holdoff"

  uninstall quit: "dev.holdoff.tray"

  zap trash: [
    "~/Library/Application Support/dev.holdoff.tray",
    "~/Library/Application Support/dev.holdoff.tray.user",
    "~/Library/LaunchAgents/Holdoff.plist",
  ]
end

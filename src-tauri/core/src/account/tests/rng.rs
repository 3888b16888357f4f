//! The account's randomness.

use super::*;

/// The first numbers of the reference implementation of splitmix64 from the seed 1234567.
#[test]
fn rng_matches_splitmix64_reference() {
    let mut rng = Rng(1_234_567);
    let drawn = [(); 5].map(|()| rng.draw());
    let reference = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    assert_eq!(drawn, reference);
}

/// Law 12: 5 to 15 seconds, each of them as likely.
#[test]
fn wake_pause_is_uniformly_distributed() {
    let mut rng = Rng(1);
    let pauses: Vec<u128> = (0..200_000).map(|_| rng.wake_pause().as_millis()).collect();
    let (least, most) = (pauses.iter().min().copied(), pauses.iter().max().copied());
    assert_eq!((least, most), (Some(5_000), Some(15_000)));
    let mean = pauses.iter().sum::<u128>() / 200_000;
    assert!((9_950..=10_050).contains(&mean), "{mean}");
}

/// Law 3: in thousandths of a tenth, both ends among them.
#[test]
fn jitter_is_uniformly_distributed() {
    let mut rng = Rng(1);
    let drawn: Vec<u64> = (0..20_000).map(|_| rng.jitter().0).collect();
    assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&0), Some(&1000)));
    let mean = drawn.iter().sum::<u64>() / 20_000;
    assert!((490..=510).contains(&mean), "{mean}");
}

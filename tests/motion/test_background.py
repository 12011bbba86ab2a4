import numpy as np

from coop.motion.background import Background


def flat(level: float) -> np.ndarray:
    return np.full((3, 40, 60), level, np.uint8)


def background(planes: np.ndarray) -> Background:
    return Background(planes, contrast=8, noise_factor=1, learn_s=20, settle_s=10)


def test_a_small_difference_is_perhaps_and_a_large_one_surely() -> None:
    known = background(flat(100))
    now = flat(100)
    now[1, 10, 10] = 100 + 8 + 2  # contrast and the first guess at noise: not yet
    now[1, 10, 20] = 100 + 8 + 2 + 1
    now[1, 10, 30] = 100 - 2 * (8 + 2) - 1

    perhaps, surely = known.differing(now)

    assert [int(value) for value in perhaps[10, [10, 20, 30]]] == [0, 255, 255]
    assert [int(value) for value in surely[10, [10, 20, 30]]] == [0, 0, 255]


def test_noise_raises_the_limit_where_it_is() -> None:
    known = background(flat(100))
    random = np.random.default_rng(6)
    nothing = np.zeros((40, 60), np.uint8)
    for _ in range(400):
        now = flat(100)
        now[:, :, 30:] = np.clip(100 + 12 * random.standard_normal((3, 40, 30)), 0, 255)
        perhaps, _ = known.differing(now)
        known.learn(now, perhaps, nothing, nothing, [], [], 0.1, 0.1)

    perhaps, _ = known.differing(flat(113))

    assert perhaps[:, :30].mean() > 250
    assert perhaps[:, 30:].mean() < 50


def test_an_edge_allows_more_than_a_plain_place() -> None:
    edged = flat(60)
    edged[:, :, 30:] = 200
    known = background(edged)
    trembled = np.roll(edged, 0).astype(int)
    trembled[:, :, 29:31] += 20

    perhaps, _ = known.differing(trembled.astype(np.uint8))
    plain, _ = background(flat(60)).differing(flat(80))

    assert not perhaps.any()
    assert plain.all()


def test_what_is_absorbed_is_background_and_what_was_there_is_forgotten() -> None:
    known = background(flat(100))
    now = flat(100)
    now[:, 10:20, 10:20] = 200
    shape = np.zeros((20, 20), np.uint8)
    shape[5:15, 5:15] = 255

    known.absorb(now, (slice(5, 25), slice(5, 25)), shape)

    assert not known.differing(now)[0].any()
    assert known.differing(flat(100))[0].astype(bool).sum() == 100

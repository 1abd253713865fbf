"""How many processors count, from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkdocs_codeexec.runtime.cpus import usable_cpus

V1 = "4:memory:/a/b\n3:cpu,cpuacct:/a/b\n0::/\n"
CASES: list[tuple[str, dict[str, str], int]] = [
    ("no cgroups at all", {}, 8),
    ("no limit", {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"}, 8),
    ("two processors", {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "200000 100000\n"}, 2),
    ("rounded up", {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "250000 100000\n"}, 3),
    ("a share of one", {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "1000 100000\n"}, 1),
    ("more than there are", {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "9900000 100000\n"}, 8),
    (
        "the least of all above",
        {
            "proc/self/cgroup": "0::/a/b/c\n",
            "sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/b/cpu.max": "600000 100000\n",
            "sys/fs/cgroup/a/cpu.max": "400000 100000\n",
        },
        4,
    ),
    (
        "a host's path in a container",
        {"proc/self/cgroup": "0::/docker/x\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"},
        3,
    ),
    ("a path that climbs", {"proc/self/cgroup": "0::/../../x\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3),
    (
        "version 1",
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "150000\n",
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "50000\n",
        },
        3,
    ),
    (
        "version 1 without a limit",
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
        },
        8,
    ),
    (
        "version 1 under its short name, seen from a container",
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "500000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        5,
    ),
    ("nonsense", {"proc/self/cgroup": "x\n::\n0::/a\n", "sys/fs/cgroup/a/cpu.max": "many few\n"}, 8),
    ("a period of zero", {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "100 0\n"}, 8),
]


@pytest.mark.parametrize(("files", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_least_limit_counts(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    """The least of the affinity mask (here 8) and of every limit of a cgroup, rounded up, is what may be used."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert expected == usable_cpus(tmp_path, affinity=8)


def test_this_machine() -> None:
    """There is at least one processor here."""
    assert usable_cpus() >= 1


@pytest.mark.parametrize("count", [17, 48, 64, 256])
def test_on_a_large_machine_a_sample_gets_a_few_processors(count: int) -> None:
    """As many as on a small one, and not all samples the same."""
    from mkdocs_codeexec.runtime.supervising.privileges import MOST_PROCESSORS, share

    shares = [share(list(range(count)), number) for number in range(20)]

    assert {MOST_PROCESSORS} == {len(set(found)) for found in shares}
    assert len({tuple(found) for found in shares}) > 1

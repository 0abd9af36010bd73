#!/usr/bin/env python3
"""Does the demo name what is slow, and nothing else?

    bottlenecks.py PATH_TO_SPANREEL [--seeds 1..10] [--only slow|healthy] [--seconds 20] [--rate 1.2] [--keep FOLDER]

Runs the demo twice for each seed, without a browser: once with a slow layer and a slow hop, drawn from the seed (which
ones, and 1 to 3 ms, where a healthy layer takes 0.4 ms and a healthy hop 0.1 ms), and once without. Then it reads what
the overview of the saved session says.

    slow      layer and hop are the first two named, with figures that agree with the views and with what was injected,
              and no other part is named
    healthy   no warning, and no part named

One line for each run, a total, and exit 1 when more than one run in twenty missed. What is named, and what is not, is
judged however busy the machine was. The fault is a sleep, and on a busy machine a sleeper gets its processor late: then
the right figure is more than was injected. Where both are named rightly and the least time of the part is right but its
median too long, the machine was too busy to judge the figure; the run is made once more, and exit 3 says that more than
one run in five had no verdict. "others" is what other processes used of the machine, "pressure" the share of the time
in which somebody waited for a processor.
"""
import argparse, json, os, random, re, resource, statistics, subprocess, sys, tempfile, time

LAYERS, HOPS = 24, [("mini1", "mini2"), ("mini2", "mini3"), ("mini3", "mini1")]
LEAST_STEPS = 50
HIT, MISSED, BUSY = "ok", "MISS", "busy"


def faults(seed):
    """The layer, the hop, and the milliseconds by which each is slowed."""
    draw = random.Random(seed)
    return draw.randrange(LAYERS), draw.choice(HOPS), draw.randint(10, 30) / 10, draw.randint(10, 30) / 10


def record(arguments, session, seed, options):
    """Runs one demo; returns how busy the machine was, in words."""
    before = machine()
    demo = subprocess.run(
        [arguments.binary, "demo", "--record", session, "--seed", str(seed), "--duration", str(arguments.seconds),
         "--rate", str(arguments.rate), "--port", "0", "--inference-port", "0", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=arguments.seconds + 120)
    if demo.returncode:
        raise SystemExit(f"The demo ended with {demo.returncode}:\n{demo.stdout[-2000:]}")
    return busyness(before, machine())


def machine():
    """Seconds: on the clock, computed by our children, computed by all, waited for a processor (both Linux only)."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    everyone = waited = None
    try:
        with open("/proc/stat") as stat:
            user, nice, system, _, _, irq, soft, steal = map(int, stat.readline().split()[1:9])
        everyone = (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")
        with open("/proc/pressure/cpu") as pressure:
            waited = int(re.search(r"some .*total=(\d+)", pressure.read())[1]) / 1e6
    except OSError:
        pass
    return time.monotonic(), usage.ru_utime + usage.ru_stime, everyone, waited


def busyness(before, after):
    wall, ours, everyone, waited = (b - a if a is not None and b is not None else None for a, b in zip(before, after))
    words = []
    if everyone is not None:
        words.append(f"others {max(0, everyone - ours) / wall / os.cpu_count():.0%}")
    if waited is not None:
        words.append(f"pressure {waited / wall:.0%}")
    return ", ".join(words) or "load unknown"


def views(binary, session):
    stats = subprocess.run(
        [binary, "stats", session, "--json", "--views", "overview,layers,links"], capture_output=True, text=True, check=True)
    return json.loads(stats.stdout)["views"]


def part(word):
    """What a sentence names: ("layer", 11), ("hop", from, to), or the view it points to."""
    evidence = word["evidence"]
    if "layer" in evidence:
        return "layer", evidence["layer"]
    if "from" in evidence:
        return "hop", evidence["from"], evidence["to"]
    return (evidence["view"],)


def names_something(word):
    """A warning, or a remark that points at a device or layer."""
    return word["severity"] == "warn" or re.search(r"mini\d|[Ll]ayer \d", word["text"])


def times(seen):
    """Per layer and hop its decode times, and the groups that it is compared with: alike in device, or in bytes."""
    layers = [(row["layer"], row["device"], row["decode"]) for row in seen["layers"]["layers"]]
    links = [((row["from"], row["to"]), row["sizeBytes"], row["transit"]) for row in seen["links"]["links"]]
    table = {}
    for layer, device, own in layers:
        table["layer", layer] = own, [group for other, where, group in layers if where == device and other != layer]
    for link, size, own in links:
        others = [(other, group) for name, other, group in links if name != link]
        alike = [group for other, group in others if size <= 4 * other and other <= 4 * size]
        table["hop", *link] = own, alike or [group for _, group in others]
    return table


def judge_figure(word, own, others, injected):
    """The verdict on a sentence's figures, and why. A sleep is never shorter than asked for, and a little longer."""
    ratio, shown = (float(re.search(pattern, word["text"])[1]) for pattern in (r"([\d.]+)x", r"\(([\d.]+) ms\)"))
    median = own["p50Nanos"] / 1e6
    reference = statistics.median(group["p50Nanos"] for group in others) / 1e6
    if abs(ratio - median / reference) > 0.02 * ratio or abs(shown - median) > 0.02 * median:
        return MISSED, f"the words say {ratio}x and {shown} ms, the views {median / reference:.2f}x and {median:.2f} ms"
    fits = lambda extra: 0.95 * injected < extra < 1.25 * injected + 0.25
    extra, least = median - reference, (own["minNanos"] - statistics.median(group["minNanos"] for group in others)) / 1e6
    if fits(extra):
        return HIT, ""
    why = f"{part(word)[0]} {extra:.2f} ms longer than the others (at least {least:.2f}), {injected} ms injected"
    return (BUSY if extra > injected and fits(least) else MISSED), why


def judge_slow(seen, layer, hop, layer_ms, hop_ms):
    injected = {("layer", layer): layer_ms, ("hop", *hop): hop_ms}
    words = [word for word in seen["overview"]["words"] if names_something(word)]
    if {part(word) for word in words[:2]} != set(injected):
        return MISSED, "not both are named first"
    # Requests may queue behind what is slow: that is a consequence, and no part.
    if any(part(word) != ("latency",) for word in words[2:]):
        return MISSED, "a healthy part is named"
    table = times(seen)
    figures = [judge_figure(word, *table[part(word)], injected[part(word)]) for word in words[:2]]
    return max(figures, key=lambda figure: [HIT, BUSY, MISSED].index(figure[0]))


def judge_healthy(seen):
    return (MISSED, "something is named") if any(map(names_something, seen["overview"]["words"])) else (HIT, "")


def run(arguments, folder, seed, kind, attempt=1):
    """One demo and its lines; returns the verdict."""
    layer, hop, layer_ms, hop_ms = faults(seed)
    options, told = [], "no fault"
    if kind == "slow":
        options = ["--slow-layer", f"{layer}={layer_ms}ms", "--slow-hop", f"{'-'.join(hop)}={hop_ms}ms"]
        told = f"layer {layer} +{layer_ms} ms, hop {'-'.join(hop)} +{hop_ms} ms"
    session = os.path.join(folder, f"{kind}-{seed}-{os.getpid()}-{attempt}.reel")
    load = record(arguments, session, seed, options)
    seen = views(arguments.binary, session)
    steps = min((row["decode"]["count"] for row in seen["layers"]["layers"]), default=0)
    if steps < LEAST_STEPS:
        verdict, why = BUSY, "too few decode steps"
    else:
        verdict, why = judge_slow(seen, layer, hop, layer_ms, hop_ms) if options else judge_healthy(seen)
    print(f"{verdict:4} {kind:7} seed {seed}: {told}; {steps} steps, {load}" + (f": {why}" if why else ""))
    for word in seen["overview"]["words"][:4]:
        print(f"       {word['severity']}: {word['text']}")
    if verdict != HIT:
        print(f"       kept: {session}")
    elif not arguments.keep:
        os.remove(session)
    sys.stdout.flush()
    return verdict


def judged(arguments, folder, seed, kind):
    verdict = run(arguments, folder, seed, kind)
    if verdict == BUSY:
        print("       The machine was too busy to judge this; once more.", flush=True)
        verdict = run(arguments, folder, seed, kind, attempt=2)
    return verdict


def seeds(text):
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=os.path.abspath, metavar="PATH_TO_SPANREEL")
    parser.add_argument("--seeds", type=seeds, default="1..10")
    parser.add_argument("--only", choices=["slow", "healthy"])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=float, default=1.2, help="requests a second")
    parser.add_argument("--keep", metavar="FOLDER", help="keep all sessions there, not only those that missed")
    arguments = parser.parse_args()
    folder = os.path.abspath(arguments.keep or tempfile.mkdtemp(prefix="spanreel-accept-"))
    os.makedirs(folder, exist_ok=True)
    kinds = [arguments.only] if arguments.only else ["slow", "healthy"]
    verdicts = [judged(arguments, folder, seed, kind) for seed in arguments.seeds for kind in kinds]
    if not os.listdir(folder):
        os.rmdir(folder)
    misses, unknown, allowed = verdicts.count(MISSED), verdicts.count(BUSY), len(verdicts) // 20
    print(f"{misses} of {len(verdicts)} runs missed, {allowed} allowed; {unknown} had no verdict")
    return 1 if misses > allowed else 3 if unknown * 5 > len(verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The whole path with real processes: demo.py PATH_TO_SPANREEL [--keep FOLDER]

Starts a demo, asks it over HTTP, stops one worker with SIGSTOP and lets it go on, kills another with SIGKILL, ends it
with SIGINT, and then opens, verifies and replays what it left. Prints a line for each check; exits 1 if one fails.
"""
import json, os, signal, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

BINARY = os.path.abspath(sys.argv[1])
FOLDER = sys.argv[3] if sys.argv[2:3] == ["--keep"] else tempfile.mkdtemp(prefix="spanreel-demo-")
SESSION = os.path.join(FOLDER, "demo.reel")
passed = failed = 0


def check(what, holds, detail=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(("ok    " if holds else "FAIL  ") + what + (f": {detail}" if detail != "" else ""), flush=True)


def get(url, data=None, timeout=10):
    request = urllib.request.Request(url, data=data)
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.load(response), response.headers


def until(seconds, test):
    """Polls `test` until it gives something true; returns (value, seconds it took)."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        try:
            value = test()
            if value:
                return value, time.monotonic() - begin
        except (urllib.error.URLError, OSError, KeyError):
            pass
        time.sleep(0.1)
    return None, seconds


def main():
    log = open(os.path.join(FOLDER, "demo.log"), "w+")
    demo = subprocess.Popen(
        [BINARY, "demo", "--port", "18888", "--inference-port", "18000", "--record", SESSION, "--rate", "1", "--seed", "7",
         "--slow-layer", "20=20ms"],
        stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    api, inference = "http://127.0.0.1:18888", "http://127.0.0.1:18000"
    try:
        steps(demo, api, inference)
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
        log.seek(0)
        if failed:
            print(log.read()[-4000:])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def attempt(url, data):
    try:
        get(url, data, 60)
    except OSError:
        pass


def processes(api):
    view, _ = get(f"{api}/api/sessions/current/views/processes")
    return {p["device"]: p for p in view["data"]["processes"]}


def open_spans(api):
    return get(f"{api}/api/sessions/current/views/processes")[0]["data"]["open"]


def steps(demo, api, inference):
    value, took = until(60, lambda: get(f"{api}/api/metrics")[0]["current"]["tokens_per_second"])
    check("tokens_per_second > 0 within 60 s", value and value > 0, f"{value} after {took:.1f} s")
    fields = {"avg_time_ms", "min_time_ms", "max_time_ms", "std_time_ms", "p50_time_ms", "p95_time_ms", "p99_time_ms", "samples"}
    layers, _ = until(20, lambda: (lambda l: l if len(l) == 24 else None)(get(f"{api}/api/layers")[0]))
    check("24 layers with all eight fields", layers and all(fields <= set(l) for l in layers.values()), len(layers or {}))
    body = json.dumps({"prompt": "hello", "max_tokens": 16}).encode()
    answer, headers = get(f"{inference}/v1/completions", body, 60)
    trace = headers["traceresponse"].split("-")[1]
    check("a completion answers with a text and a link", answer["choices"][0]["text"] and trace in headers["x-spanreel-url"])
    devices = {"mini1", "mini2", "mini3"}
    found, took = until(3, lambda: (lambda t: t if devices <= {t["devices"][s["device"]] for s in t["spans"]} else None)(
        get(f"{api}/api/sessions/current/traces/{trace}")[0]))
    check("its trace has spans on every device within a second", found and took < 1, f"{took:.2f} s")

    time.sleep(8)
    final = []
    for _ in range(5):
        snapshot, _ = get(f"{api}/api/sessions/current/views/throughput,latency,layers,links,cache,requests?at=live&window=1m")
        if snapshot["final"]:
            final.append(snapshot)
        time.sleep(0.7)
    check("live snapshots are final", len(final) == 5, len(final))

    before, _ = get(f"{api}/api/sessions/current/views/throughput")
    os.kill(processes(api)["mini2"]["pid"], signal.SIGSTOP)
    named, took = until(6, lambda: [s for s in get(f"{api}/api/sessions/current/views/overview")[0]["data"]["silent"] if s["device"] == "mini2"])
    check("a stopped process is named within 3 s", named and took <= 3.2, f"{took:.1f} s")
    zero, took = until(6, lambda: get(f"{api}/api/metrics")[0]["current"]["tokens_per_second"] == 0)
    check("tokens_per_second falls to 0", zero, f"{took:.1f} s")
    stalled = get(f"{api}/api/sessions/current/views/throughput")[0]["data"]["systemTokensPerSecond"]
    time.sleep(3)
    later = get(f"{api}/api/sessions/current/views/throughput")[0]["data"]["systemTokensPerSecond"]
    check("the windowed rate decays", later < stalled, f"{stalled} then {later}")
    others = processes(api)
    check("the others go on", others["mini1"]["state"] == "live" and others["mini3"]["state"] == "live")
    os.kill(others["mini2"]["pid"], signal.SIGCONT)
    healed, took = until(10, lambda: get(f"{api}/api/metrics")[0]["current"]["tokens_per_second"] > 0
                         and processes(api)["mini2"]["state"] == "live")
    check("SIGCONT heals it", healed, f"{took:.1f} s")

    words = [w["text"] for w in get(f"{api}/api/sessions/current/views/overview?window=all")[0]["data"]["words"]]
    check("the slow layer is named", any("ayer 20 on mini3" in w for w in words), words[:1])

    # Requests keep the last device inside its slow layer. It is killed where that is so: stopped and silent for two
    # seconds, it holds the watermark no more, and its open spans are there to see.
    busy = json.dumps({"prompt": "keep going", "max_tokens": 400}).encode()
    for _ in range(3):
        threading.Thread(target=lambda: attempt(f"{inference}/v1/completions", busy), daemon=True).start()
    time.sleep(1)
    victims = {p["device"]: p["pid"] for p in processes(api).values()}
    for _ in range(10):
        os.kill(victims["mini3"], signal.SIGSTOP)
        time.sleep(2.5)
        if any(span["device"] == "mini3" for span in open_spans(api)):
            break
        os.kill(victims["mini3"], signal.SIGCONT)
        time.sleep(0.2)
    os.kill(victims["mini3"], signal.SIGKILL)
    dead, took = until(5, lambda: processes(api)["mini3"]["state"] == "dead")
    check("a killed process is shown as dead", dead, f"{took:.1f} s")
    kept = processes(api)["mini3"]["events"]
    check("its events are there", kept > 1000, kept)

    begin = time.monotonic()
    demo.send_signal(signal.SIGINT)
    try:
        demo.wait(timeout=10)
    except subprocess.TimeoutExpired:
        pass
    took = time.monotonic() - begin
    check("SIGINT ends everything within 5 s", demo.poll() is not None and took <= 5, f"{took:.1f} s, exit {demo.poll()}")
    time.sleep(0.3)
    orphans = [pid for pid in victims.values() if os.path.exists(f"/proc/{pid}") and "Z" not in open(f"/proc/{pid}/stat").read().split()[2]]
    check("no orphan processes", not orphans, orphans)
    check("the session is one packed file", os.path.isfile(SESSION), f"{os.path.getsize(SESSION) if os.path.isfile(SESSION) else 0} bytes")
    verified = subprocess.run([BINARY, "verify", SESSION], capture_output=True, text=True)
    check("verify exits 0", verified.returncode == 0, verified.stdout.strip().splitlines()[:1])
    stats = subprocess.run([BINARY, "stats", SESSION], capture_output=True, text=True)
    check("stats reads it", stats.returncode == 0 and "mini3" in stats.stdout)
    replay(final)


def differences(live, again, path):
    """Where two values differ: a line for each place, with both values."""
    if isinstance(live, dict) and isinstance(again, dict):
        return [line for key in sorted({*live, *again}) for line in differences(live.get(key), again.get(key), f"{path}.{key}")]
    if isinstance(live, list) and isinstance(again, list) and len(live) == len(again):
        return [line for i, pair in enumerate(zip(live, again)) for line in differences(*pair, f"{path}[{i}]")]
    return [] if live == again else [f"{path}: live {json.dumps(live)[:300]}, replayed {json.dumps(again)[:300]}"]


def replay(final):
    """Every final live snapshot again, from the packed file."""
    server = subprocess.Popen([BINARY, "open", SESSION, "--no-browser", "--port", "18889"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    api = "http://127.0.0.1:18889"
    try:
        until(10, lambda: get(f"{api}/healthz")[0])
        same = 0
        for snapshot in final:
            names = ",".join(snapshot["views"])
            start = int(snapshot["startUnixNanos"])
            url = f"{api}/api/sessions/current/views/{names}?at={snapshot['atNanos']}ns&window=1m&cut={snapshot['cut']}"
            again, _ = get(url)
            if again["views"] == snapshot["views"] and int(again["startUnixNanos"]) == start:
                same += 1
            else:
                for name in snapshot["views"]:
                    for line in differences(snapshot["views"][name], again["views"].get(name), name)[:6]:
                        print("      differs:", line)
        check("replay with the same cut gives the same snapshots", same == len(final) and same > 0, f"{same} of {len(final)}")
        names = sorted({f'{o["name"]} on {o["device"]}' for o in open_spans(api)})
        check("spans that the kill cut off are listed as open", any("mini3" in n for n in names), names)
    finally:
        server.terminate()
        server.wait(timeout=10)


sys.exit(main())

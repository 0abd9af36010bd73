"""Power-loss states: what a disk may hold after a crash at any point of a recorded run.

The run's system calls are recorded with their data. A state is a prefix of them; of what no sync had covered by then, any
subset of 512-byte sectors and of directory entries may be there. In every state all events whose flush had returned (A2)
must be readable, and nothing wrong may be delivered.
"""
import os
import random
import re
import shutil
import subprocess

CALLS = "openat,mkdir,write,fdatasync,fsync,rename,renameat2,ftruncate,fallocate,unlink,rmdir,close"
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")


def text(word):
    return bytes.fromhex(word.replace("\\x", "")) if word else b""


class Node:
    """A file or directory: what is durable is a prefix of `writes`, or of `entries` as changed by `changes`."""

    def __init__(self, is_directory):
        self.is_directory = is_directory
        self.writes = []  # (time, offset, bytes)
        self.size = 0
        self.changes = []  # (time, {name: node or None})
        self.syncs = []  # times
        self.failed = []  # times of failed syncs
        self.mapped = 0  # size of a file that is written through memory


class Trace:
    """The tree as it changes, from the lines of strace."""

    def __init__(self, root):
        self.root_path, self.root = root.encode(), Node(True)
        self.nodes = {self.root_path: self.root}
        self.descriptors, self.acks, self.time = {}, [(0, 0)], 0

    def adopt(self, path, node=None):
        """Takes what lies at `path` as durable: the state before the run."""
        parent = self.nodes[os.path.dirname(path)]
        node = Node(os.path.isdir(path))
        self.nodes[path] = node
        parent.changes.append((0, {os.path.basename(path): node}))
        if node.is_directory:
            for name in sorted(os.listdir(path)):
                self.adopt(os.path.join(path, name))
            node.syncs.append(0)
        else:
            with open(path, "rb") as file:
                data = file.read()
            node.writes, node.size, node.syncs = [(0, 0, data)], len(data), [0]

    def read(self, lines):
        for line in lines:
            found = LINE.match(line)
            if found:
                self.time += 1
                self.call(found[1], found[2], int(found[3]))

    def inside(self, path):
        return path.startswith(self.root_path + b"/")

    def change(self, path, node):
        parent = self.nodes.get(os.path.dirname(path))
        if parent:
            parent.changes.append((self.time, {os.path.basename(path): node}))

    def call(self, name, arguments, result):
        words = [text(word) for word in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', arguments)]
        number = re.match(r"(\d+)", arguments)
        node = self.descriptors.get(int(number[1])) if number else None
        if name == "write" and words and words[0].startswith(b"ACK ") and result > 0:
            self.acks.append((self.time, int(words[0].split()[1])))
        elif name in ("fdatasync", "fsync") and node:
            (node.syncs if result == 0 else node.failed).append(self.time)
        elif result < 0:
            return
        elif name == "openat" and words and (self.inside(words[0]) or words[0] == self.root_path):
            if words[0] not in self.nodes and "O_CREAT" in arguments:
                self.nodes[words[0]] = Node(False)
                self.change(words[0], self.nodes[words[0]])
            self.descriptors[result] = self.nodes.get(words[0])
        elif name == "openat":
            self.descriptors.pop(result, None)
        elif name == "close" and number:
            self.descriptors.pop(int(number[1]), None)
        elif name == "mkdir" and self.inside(words[0]):
            self.nodes[words[0]] = Node(True)
            self.change(words[0], self.nodes[words[0]])
        elif name == "write" and node and words:
            node.writes.append((self.time, node.size, words[0][:result]))
            node.size += result
        elif name == "ftruncate" and node:
            node.size = int(re.search(r", (\d+)$", arguments)[1])
            node.writes.append((self.time, -node.size, b""))
        elif name == "fallocate" and node:
            node.mapped = int(re.search(r", (\d+)$", arguments)[1])
        elif name in ("rename", "renameat2") and self.inside(words[0]):
            self.rename(words[0], words[1], "EXCHANGE" in arguments or arguments.endswith(", 0x2"))
        elif name in ("unlink", "rmdir") and self.inside(words[0]):
            self.nodes.pop(words[0], None)
            self.change(words[0], None)

    def rename(self, a, b, is_exchange):
        moved, other = self.subtree(a), self.subtree(b) if is_exchange else {}
        for path in [*moved, *other]:
            self.nodes.pop(path, None)
        for path, node in moved.items():
            self.nodes[b + path[len(a):]] = node
        for path, node in other.items():
            self.nodes[a + path[len(b):]] = node
        parent = self.nodes.get(os.path.dirname(b))
        if parent:
            # One change: both names or neither.
            parent.changes.append(
                (self.time, {os.path.basename(a): other.get(b), os.path.basename(b): moved.get(a)}))

    def subtree(self, path):
        return {p: n for p, n in self.nodes.items() if p == path or p.startswith(path + b"/")}

    # What may be there

    def needed(self, time):
        return max(count for at, count in self.acks if at <= time)

    def materialise(self, target, time, luck):
        """Writes a possible state at `time`: `luck` 0 keeps nothing that was not synced, 1 all, else a random subset."""
        self.directory(self.root, target, time, luck)

    def directory(self, node, target, time, luck):
        os.mkdir(target)
        synced = max([t for t in node.syncs if t <= time], default=-1)
        entries, broken = {}, False
        for at, change in node.changes:
            if at > time:
                break
            # Metadata is journalled: what is not synced survives up to some point, in order.
            broken = broken or (at > synced and random.random() > luck)
            if not broken:
                entries.update(change)
        for name, child in entries.items():
            path = os.path.join(target, name.decode())
            if child is None:
                continue
            (self.directory if child.is_directory else self.file)(child, path, time, luck)

    def file(self, node, target, time, luck):
        failed = max([t for t in node.failed if t <= time], default=-1)
        # A failed sync marks its pages clean: no later sync of the same file brings them to the disk.
        synced = max([t for t in node.syncs if t <= time], default=-1)
        stable, full = bytearray(), bytearray()
        for at, offset, data in node.writes:
            if at > time:
                break
            is_doomed = at <= failed and not any(at <= s < failed for s in node.syncs)
            for image in ([full, stable] if at <= synced and not is_doomed else [full]):
                if not data:
                    del image[-offset:]
                    continue
                image.extend(bytes(max(0, offset + len(data) - len(image))))
                image[offset:offset + len(data)] = data
        if node.mapped:
            full = bytearray(node.mapped)
        elif full != stable:
            if random.random() > luck and random.random() < 0.5:
                full = full[:random.randint(len(stable), len(full))] if len(full) > len(stable) else full
            old = stable + bytes(max(0, len(full) - len(stable)))
            for sector in range(0, len(full), 512):
                if random.random() > luck:
                    full[sector:sector + 512] = old[sector:sector + 512]
            if luck == 0:
                full = stable
        with open(target, "wb") as file:
            file.write(full)


class PowerLoss:
    def __init__(self, child, folder):
        self.child, self.folder, self.states, self.failures = str(child), str(folder), 0, []

    def record(self, inject=None, stage="script"):
        """A run's trace. A failed sync may be injected; `pack` records packing what a script left."""
        place = f"{self.folder}/recorded"
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place)
        session, counters = f"{place}/s.reel", f"{self.folder}/counters"
        script = [self.child, "script", session, counters]
        environment = {**os.environ, "SPANREEL_MIN_FREE": "0"}
        trace = Trace(place)
        words = script
        if stage == "pack":
            if os.path.exists(counters):
                os.remove(counters)
            subprocess.run(script, capture_output=True, check=True, env=environment)
            trace.adopt(session.encode())
            trace.root.syncs.append(0)
            trace.acks.append((0, 480))
            words = [self.child, "pack", session]
        elif os.path.exists(counters):
            os.remove(counters)
        log = f"{self.folder}/trace"
        extra = ["-e", f"inject={inject}"] if inject else []
        # The main thread alone: it does all the writing, and its order is the order of the calls.
        subprocess.run(
            ["strace", "-xx", "-s", "100000000", "-o", log, "-e", f"trace={CALLS}", *extra, *words],
            capture_output=True, env=environment, check=stage == "pack" or not inject)
        trace.read(open(log))
        shutil.rmtree(place, ignore_errors=True)
        return trace

    def run(self, states, seed=1, stages=("script", "pack", "fdatasync:error=EIO:when=6", "fdatasync:error=EIO:when=9")):
        random.seed(seed)
        judge = subprocess.Popen([self.child, "judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for stage in stages:
            trace = self.record(stage="pack") if stage == "pack" else self.record(
                None if stage == "script" else stage)
            if len(trace.acks) < 2:
                self.failures.append(f"{stage}: the recorded run acknowledged nothing")
                continue
            for number in range(max(1, states // len(stages))):
                self.one(judge, trace, stage, number)
        judge.stdin.close()
        judge.wait()
        return self

    def one(self, judge, trace, stage, number):
        time = 1 + number % trace.time if number < 3 * trace.time else random.randint(1, trace.time)
        luck = [0, 1, random.random()][number // trace.time] if number < 3 * trace.time else random.random()
        target = f"{self.folder}/state"
        shutil.rmtree(target, ignore_errors=True)
        trace.materialise(target, time, luck)
        judge.stdin.write(f"{target}/s.reel {trace.needed(time)}\n")
        judge.stdin.flush()
        verdict = judge.stdout.readline().strip()
        self.states += 1
        if not verdict.startswith("ok"):
            self.failures.append(f"{stage}, state {number} (call {time}, luck {luck:.2f}): {verdict[:400]}")
            if len(self.failures) < 6:
                print(f"  {self.failures[-1]}")

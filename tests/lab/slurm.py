# SPDX-License-Identifier: BSD-2-Clause
"""A Slurm cluster of one node inside a namespace of the lab: munged, slurmctld, slurmd.

Use:    reason = slurm.missing()
        cluster = slurm.Cluster(ns, CPUS); job = cluster.sbatch([...], environment)
        cluster.wait_until_done(seconds)
Configuration, keys, state and logs are in a directory of the lab; the system's are never read. No
cgroups, no accounting, no DNS: what is measured is how jobs are described and run.
"""
import os
import shutil
import socket
import subprocess

import sandbox
from servers import only_root_is_mapped

COMMANDS = "munged slurmctld slurmd sbatch scancel squeue sinfo scontrol setcap".split()
USER = 65534
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
CONFIG = """
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket
CredType=cred/munge
SlurmctldPort=6817
SlurmdPort=6818
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.pid
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MinJobAge=300
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=4096 State=UNKNOWN
PartitionName=lab Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """Why there can be no cluster here; None if there can."""
    lacking = [name for name in COMMANDS if not shutil.which(name)]
    if lacking:
        return "not installed: " + ", ".join(lacking)
    if only_root_is_mapped():
        return "Slurm changes to the users of its jobs: it needs more than one user"
    return None


def cgroup_config():
    """slurmd loads a plugin for cgroups even if nothing uses it. The one for v2 wants systemd; that
    for v1 wants nothing as long as it has no work. Since 23.02 it can do without."""
    version = subprocess.run(["slurmd", "-V"], capture_output=True, text=True, timeout=20,
                             check=False).stdout.split()[-1:]
    old = not version or int("0" + version[0].partition(".")[0]) < 23
    return b"CgroupPlugin=cgroup/v1\n" if old else b"CgroupPlugin=disabled\n"


class Cluster:
    """The three daemons, each in the foreground as a child of the test; the lab ends them."""

    def __init__(self, ns, cpus):
        self.ns = ns
        self.dir = os.path.join(ns.lab.dir, "slurm")
        for name in ("", "state", "spool"):
            os.mkdir(os.path.join(self.dir, name), 0o755)
        host = socket.gethostname().partition(".")[0]
        self.config = os.path.join(self.dir, "slurm.conf")
        config = CONFIG.format(host=host, dir=self.dir, cpus=cpus)
        self.write("slurm.conf", config.encode(), 0o644)
        self.write("cgroup.conf", cgroup_config(), 0o644)
        self.write("munge.key", os.urandom(128), 0o600)
        self.daemons = [self.munged()]
        for name in ("slurmctld", "slurmd"):
            self.daemons.append(ns.daemon(self.environment() + [name, "-D", "-f", self.config],
                                          name))
        self.ready = sandbox.wait_for(self.is_idle, 20, 0.1)

    def write(self, name, octets, mode):
        path = os.path.join(self.dir, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "wb") as file:
            file.write(octets)

    def munged(self):
        """It answers as soon as its socket is there."""
        argv = ["munged", "--foreground"]
        argv += [f"--{name}={self.dir}/munge.{end}" for name, end in (
            ("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("seed-file", "seed"))]
        daemon = self.ns.daemon(argv, "munged")
        sandbox.wait_for(lambda: os.path.exists(self.dir + "/munge.socket"), 10)
        return daemon

    def environment(self, variables=None):
        """Words before a command of Slurm."""
        words = {"SLURM_CONF": self.config, **(variables or {})}
        return ["env"] + [f"{name}={value}" for name, value in words.items()]

    def run(self, argv, variables=None):
        try:
            return self.ns.run(self.environment(variables) + argv, 20)
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(argv, 124, "", str(late))

    def is_idle(self):
        return self.run(["sinfo", "-h", "-o", "%t"]).stdout.strip() == "idle"

    def sbatch(self, argv, variables=None):
        """The number of the job, which is USER's; sbatch's refusal is an exception."""
        run = self.run([*AS_USER, "sbatch", "--parsable", *argv], variables)
        if run.returncode != 0:
            raise RuntimeError("sbatch: " + run.stderr)
        return run.stdout.strip()

    def left(self):
        """What is queued or runs still."""
        run = self.run(["squeue", "-h", "-t", "PD,R,CG,CF", "-o", "%i %T %r"])
        return run.stdout if run.returncode == 0 else "squeue: " + run.stderr

    def wait_until_done(self, seconds):
        return sandbox.wait_for(lambda: self.left() == "", seconds, 0.25)

    def states(self, job):
        """Of each task of an array: its state and exit status, as "COMPLETED 0:0"."""
        out = self.run(["scontrol", "-o", "show", "job", job]).stdout
        found = []
        for line in out.splitlines():
            words = dict(word.split("=", 1) for word in line.split() if "=" in word)
            found.append(words.get("JobState", "?") + " " + words.get("ExitCode", "?"))
        return found

    def logs(self):
        """The ends of what the daemons said, for a test that failed."""
        return "\n".join(f"{daemon.name}: {daemon.read('err')[-1500:]}" for daemon in self.daemons)

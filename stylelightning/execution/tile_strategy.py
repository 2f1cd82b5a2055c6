"""Several processes that make one picture."""

import signal
from typing import Any

from lightning.fabric.utilities.distributed import _set_num_threads_if_needed
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy, StrategyRegistry
from lightning.pytorch.strategies.launchers.subprocess_script import _SubprocessScriptLauncher
from torch import distributed

from stylelightning.execution.environment import unchanged_environment
from stylelightning.execution.team import Team

NAME = "tiles"
"""What ``trainer.strategy`` calls it."""


class TileStrategy(DDPStrategy):
    """One picture in several processes, each of which has some of its tiles.

    Every process holds the picture and takes the same optimizer step. Nothing is wrapped: the
    gradients are those of the whole picture when they reach the optimizer, since sums over tiles
    and the picture's gradient are added up over all processes. The first one writes; what it saves
    can be resumed in any other number of processes.

    Processes are started as Lightning starts those of its ``ddp``: by the first one, by
    ``torchrun`` or by a cluster's scheduler. They talk by gloo on CPUs and by NCCL on GPUs.
    """

    strategy_name = NAME

    @property
    def team(self) -> Team:
        """The processes of the run."""
        return Team(self.global_rank, self.world_size)

    def setup_distributed(self) -> None:
        """Have the processes find each other.

        Raises:
            ConnectionError: If they can't.
        """
        try:
            super().setup_distributed()
        except RuntimeError as error:  # what torch raises has no class of its own
            text = " ".join(str(error).split()).rstrip(".")
            raise ConnectionError(
                f"The processes of this run can't reach each other ({text}). Each needs the first "
                "one's machine as MASTER_ADDR and a free port of it as MASTER_PORT; where a "
                "machine's name stands for 127.0.0.1, gloo needs its network as "
                "GLOO_SOCKET_IFNAME, such as eth0."
            ) from error

    def configure_ddp(self) -> None:
        """Wrap nothing, and give every process the first one's picture."""
        assert self.model is not None
        if distributed.is_initialized():
            for parameter in self.model.parameters():
                if parameter.requires_grad:
                    distributed.broadcast(parameter.data, src=0)

    def barrier(self, *args: Any, **kwargs: Any) -> None:
        """Wait for the other processes, but not where a checkpoint is saved: the first one does."""
        if args[:1] != ("Trainer.save_checkpoint",):
            super().barrier(*args, **kwargs)

    def on_exception(self, exception: BaseException) -> None:
        """End the processes that this one started: they would wait for it."""
        launcher = self._launcher
        if isinstance(launcher, _SubprocessScriptLauncher):
            launcher.kill(signal.SIGKILL)  # in a sum over all of them they hear nothing else
            for process in launcher.procs:
                process.wait()

    def _configure_launcher(self) -> None:
        assert self.cluster_environment is not None
        self._launcher = _Launcher(self.cluster_environment, self.num_processes, self.num_nodes)

    @classmethod
    def register_strategies(cls, strategy_registry: Any) -> None:
        """Make it known by its name."""
        strategy_registry.register(NAME, cls, description="One picture in several processes")


class _Launcher(_SubprocessScriptLauncher):
    """Starts the other processes, and leaves it to the run to notice that one is gone.

    Lightning's kills its own process then, before it could save the picture.
    """

    def launch(self, function: Any, *args: Any, trainer: Any = None, **kwargs: Any) -> Any:
        self.cluster_environment.validate_settings(
            num_devices=self.num_processes, num_nodes=self.num_nodes
        )
        with unchanged_environment():  # another run of this process is not one of these processes
            if not self.cluster_environment.creates_processes_externally:
                self._call_children_scripts()
            _set_num_threads_if_needed(self.num_processes)
            return function(*args, **kwargs)


def team_of(trainer: Trainer) -> Team | None:
    """Return the processes that make a trainer's picture together; None where there is one."""
    strategy = trainer.strategy
    return strategy.team if isinstance(strategy, TileStrategy) and trainer.world_size > 1 else None


if NAME not in StrategyRegistry:
    TileStrategy.register_strategies(StrategyRegistry)

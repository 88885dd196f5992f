"""
Processes, load and figures: what every measurement needs.

Here: processes (``processes``, ``programs``, ``nginx_proxy``, ``rosbridge``), participants that
cost little CPU (``light_client``, ``load``), programs that send and receive on request of the
parent process (``worker``, ``workers``), ROS domains (``domains``), and CPU time, memory and
latencies (``figures``).

It imports the package and nothing of ``measure`` or ``report``. The tests use it too. Requests
reach a worker as lines of JSON on its stdin, and its replies leave on its stdout; figures come
from ``/proc`` and from the clocks of the processes.
"""

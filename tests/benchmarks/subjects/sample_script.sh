#!/bin/bash
# Reports Ready like the sample bash script, with curl, grep and sed:
#     sample_script.sh HOST[:PORT]
#
# The original is on Microsoft's page "Creating generalized images without a provisioning
# agent". This is an equivalent: it tries to get the goal state five times, 5 s apart, and
# repeats the POST every 5 s until it is accepted.
ask=(curl --fail -v -H "x-ms-agent-name: azure-vm-register"
    -H "Content-Type: text/xml;charset=utf-8" -H "x-ms-version: 2012-11-30")

value() {
    grep "$1" <<< "$goal_state" | sed "s/\s*<\/*$1>//g" | sed 's/\r$//'
}

for ((attempt = 1; ; attempt++)); do
    echo "goal state, attempt $attempt"
    goal_state=$("${ask[@]}" -X GET "http://$1/machine/?comp=goalstate") && break
    if ((attempt == 5)); then
        echo "no goal state"
        exit 1
    fi
    sleep 5
done
container_id=$(value ContainerId)
instance_id=$(value InstanceId)
report=$(cat << EOF
<?xml version="1.0" encoding="utf-8"?>
<Health xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <GoalStateIncarnation>1</GoalStateIncarnation>
  <Container>
    <ContainerId>$container_id</ContainerId>
    <RoleInstanceList>
      <Role>
        <InstanceId>$instance_id</InstanceId>
        <Health>
          <State>Ready</State>
        </Health>
      </Role>
    </RoleInstanceList>
  </Container>
</Health>
EOF
)
until echo "report" && "${ask[@]}" -X POST -d "$report" "http://$1/machine?comp=health"; do
    sleep 5
done

-- Health of a KServe InferenceService. The checks within Argo CD before 3.3 count conditions, and
-- so wait for ever for those that Standard mode does not have (kserve#4791, argo-cd#25263).
local health = { status = "Progressing", message = "KServe has not looked at it yet" }
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if status.observedGeneration ~= nil and status.observedGeneration < obj.metadata.generation then
  health.message = "KServe has not looked at the change yet"
  return health
end
local ready = nil
for _, condition in ipairs(status.conditions) do
  if condition.type == "Stopped" and condition.status == "True" then
    return { status = "Suspended", message = "stopped" }
  end
  if condition.type == "Ready" then
    ready = condition
  end
end
if ready == nil then
  return health
end
local transition = status.modelStatus and status.modelStatus.transitionStatus
health.message = ready.message or ready.reason or ""
if ready.status == "True" then
  health.status = "Healthy"
elseif transition == "BlockedByFailedLoad" or transition == "InvalidSpec" then
  health.status = "Degraded"
elseif ready.status == "False" and transition ~= "InProgress" then
  health.status = "Degraded"
end
return health

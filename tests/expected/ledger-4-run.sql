-- A ledger as bulkops wrote it while version 4 was the newest: one run, with a row done, one in doubt, one refused, one that needs fixing.
BEGIN TRANSACTION;
CREATE TABLE attempts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	identity TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	matter TEXT NOT NULL, 
	released TEXT NOT NULL, 
	state TEXT NOT NULL, 
	who TEXT NOT NULL, 
	started TEXT NOT NULL, 
	ended TEXT, 
	outcome JSON, 
	evidence JSON, 
	FOREIGN KEY(run, seq) REFERENCES lines (run, seq)
);
INSERT INTO "attempts" VALUES(1,'20261128-173428-50bf',0,0,'http://127.0.0.1:1','a539a7421a9d16821bcc49bd10c928dc20c203d68691e7169cec3be778164821','a539a7421a9d16821bcc49bd10c928dc20c203d68691e7169cec3be778164821','','done','Pat','2026-11-28T17:34:28Z','2026-11-28T17:34:28Z','{"seq": 0, "sheet": "Flag edits", "row": 2, "operation": "list_flag_edit", "target": "2001", "status": "done", "new_task_guid": null, "selected": 12, "updated": 12, "http_status": 200, "code": "", "message": "12 of 12 bills changed.", "tip": "", "cell": "", "warnings": [], "started": "2026-11-28T17:34:28Z", "seconds": 0.012}','{"status": 200, "headers": {"content-type": "application/json", "date": "Sat, 28 Nov 2026 17:34:28 GMT"}, "answer": "{\"selected\":12,\"updated\":12}", "sends": 1}');
INSERT INTO "attempts" VALUES(2,'20261128-173428-50bf',1,0,'http://127.0.0.1:1','50c0626598b18b0c4f32ac27204c2e9d9141540a0bf7c709e13fed645a820ee5','50c0626598b18b0c4f32ac27204c2e9d9141540a0bf7c709e13fed645a820ee5','','unknown','Pat','2026-11-28T17:34:28Z','2026-11-28T17:34:28Z','{"seq": 1, "sheet": "Flag edits", "row": 3, "operation": "list_flag_edit", "target": "2002", "status": "unknown", "new_task_guid": null, "selected": null, "updated": null, "http_status": null, "code": "sent.no_answer", "message": "No whole answer came (Remote end closed connection without response). It is not known whether the row was carried out.", "tip": "Do not send it again yet. Open list 2002 in EnergyCAP and look at the flags of a few bills. If the edit is there, do nothing more. If it is surely not there, type Yes in Send again and run again. (If Yes is there already: clear it and run, then type it.)", "cell": "", "warnings": [], "started": "2026-11-28T17:34:28Z", "seconds": 0.007}','{"exceptions": ["MayHaveLeftError", "ConnectionError", "ProtocolError", "RemoteDisconnected"], "detail": "Remote end closed connection without response", "status": null, "sends": 1}');
INSERT INTO "attempts" VALUES(3,'20261128-173428-50bf',2,0,'http://127.0.0.1:1','d6b965ccf0c554f88e2f9f75e782e6e95838ed75c2a9137558c4f503000ae077','d6b965ccf0c554f88e2f9f75e782e6e95838ed75c2a9137558c4f503000ae077','','failed','Pat','2026-11-28T17:34:28Z','2026-11-28T17:34:28Z','{"seq": 2, "sheet": "Flag edits", "row": 4, "operation": "list_flag_edit", "target": "999", "status": "failed", "new_task_guid": null, "selected": null, "updated": null, "http_status": 404, "code": "sent.not_found", "message": "EnergyCAP does not find it: \u201cThere is no list 999.\u201d", "tip": "Check the id or GUID, and that this is the right environment.", "cell": "", "warnings": [], "started": "2026-11-28T17:34:28Z", "seconds": 0.002}','{"status": 404, "headers": {"content-type": "application/json", "date": "Sat, 28 Nov 2026 17:34:28 GMT"}, "answer": "{\"message\":\"There is no list 999.\",\"errors\":[\"There is no list 999.\"]}", "sends": 1}');
CREATE TABLE lines (
	run TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	sheet TEXT NOT NULL, 
	"row" INTEGER NOT NULL, 
	operation TEXT NOT NULL, 
	target TEXT NOT NULL, 
	state TEXT NOT NULL, 
	identity TEXT NOT NULL, 
	method TEXT, 
	path TEXT, 
	body TEXT, 
	fingerprint TEXT, 
	matter TEXT, 
	released TEXT NOT NULL, 
	asked BOOLEAN NOT NULL, 
	round INTEGER NOT NULL, 
	cells JSON, 
	outcome JSON, 
	PRIMARY KEY (run, seq), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "lines" VALUES('20261128-173428-50bf',3,'Flag edits',5,'list_flag_edit','','invalid','http://127.0.0.1:1',NULL,NULL,NULL,NULL,NULL,'',0,0,NULL,'{"seq": 3, "sheet": "Flag edits", "row": 5, "operation": "list_flag_edit", "target": "", "status": "invalid", "new_task_guid": null, "selected": null, "updated": null, "http_status": null, "code": "id.shape", "message": "Flag edits!A5: List ID \u201cx\u201d is not a whole number.", "tip": "Type digits only, for example 2001.", "cell": "Flag edits!A5", "warnings": [], "started": "", "seconds": null}');
INSERT INTO "lines" VALUES('20261128-173428-50bf',0,'Flag edits',2,'list_flag_edit','2001','planned','http://127.0.0.1:1','PUT','/api/v3/list/2001/flagAction','{"assignees":null,"comment":"Checked","costRecovery":null,"flagStatusId":null,"flagTypeId":2,"holdFromExport":false,"releaseExportHold":false}','a539a7421a9d16821bcc49bd10c928dc20c203d68691e7169cec3be778164821','a539a7421a9d16821bcc49bd10c928dc20c203d68691e7169cec3be778164821','',0,0,'{"values": {"list_id": 2001, "flag_type_id": 2, "flag_status": null, "cost_recovery": null, "comment": "Checked", "assignees": null, "hold_from_export": null, "release_export_hold": null, "expected_bills": null, "send_again": null}, "columns": {"list_id": "A", "flag_type_id": "B", "comment": "C"}, "warnings": []}',NULL);
INSERT INTO "lines" VALUES('20261128-173428-50bf',1,'Flag edits',3,'list_flag_edit','2002','planned','http://127.0.0.1:1','PUT','/api/v3/list/2002/flagAction','{"assignees":null,"comment":"Checked","costRecovery":null,"flagStatusId":null,"flagTypeId":2,"holdFromExport":false,"releaseExportHold":false}','50c0626598b18b0c4f32ac27204c2e9d9141540a0bf7c709e13fed645a820ee5','50c0626598b18b0c4f32ac27204c2e9d9141540a0bf7c709e13fed645a820ee5','',0,0,'{"values": {"list_id": 2002, "flag_type_id": 2, "flag_status": null, "cost_recovery": null, "comment": "Checked", "assignees": null, "hold_from_export": null, "release_export_hold": null, "expected_bills": null, "send_again": null}, "columns": {"list_id": "A", "flag_type_id": "B", "comment": "C"}, "warnings": []}',NULL);
INSERT INTO "lines" VALUES('20261128-173428-50bf',2,'Flag edits',4,'list_flag_edit','999','planned','http://127.0.0.1:1','PUT','/api/v3/list/999/flagAction','{"assignees":null,"comment":"Checked","costRecovery":null,"flagStatusId":null,"flagTypeId":2,"holdFromExport":false,"releaseExportHold":false}','d6b965ccf0c554f88e2f9f75e782e6e95838ed75c2a9137558c4f503000ae077','d6b965ccf0c554f88e2f9f75e782e6e95838ed75c2a9137558c4f503000ae077','',0,0,'{"values": {"list_id": 999, "flag_type_id": 2, "flag_status": null, "cost_recovery": null, "comment": "Checked", "assignees": null, "hold_from_export": null, "release_export_hold": null, "expected_bills": null, "send_again": null}, "columns": {"list_id": "A", "flag_type_id": "B", "comment": "C"}, "warnings": []}',NULL);
CREATE TABLE marks (
	attempt INTEGER NOT NULL, 
	verdict TEXT NOT NULL, 
	who TEXT NOT NULL, 
	marked TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	PRIMARY KEY (attempt), 
	FOREIGN KEY(attempt) REFERENCES attempts (id), 
	FOREIGN KEY("after") REFERENCES runs (id)
);
CREATE TABLE runs (
	id TEXT NOT NULL, 
	started TEXT NOT NULL, 
	ended TEXT, 
	who TEXT NOT NULL, 
	computer TEXT NOT NULL, 
	key_owner TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	base_url TEXT NOT NULL, 
	workbook TEXT NOT NULL, 
	workbook_sha256 TEXT NOT NULL, 
	version TEXT NOT NULL, 
	options JSON NOT NULL, 
	results TEXT, 
	totals JSON, 
	follows INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('20261128-173428-50bf','2026-11-28T17:34:28Z','2026-11-28T17:34:28Z','Pat','front-desk','Practice Operator (operator)','custom','http://127.0.0.1:1','books/August.xlsx','e7ea162f61a1664ab42a7362d7c9850ad31bc34ebc5b33425a706c10b65a4cfb','0.1.0','{"send_again": false, "jobs": 1, "independent": false, "per_minute": null, "stop_after": 5, "stop_on_mismatch": false, "results": null}','books/August.xlsx','{"done": 1, "unknown": 1, "failed": 1, "invalid": 1}',0);
CREATE UNIQUE INDEX one_in_flight ON attempts (fingerprint) WHERE state = 'intent';
CREATE INDEX attempts_by_matter ON attempts (identity, matter);
CREATE UNIQUE INDEX once_per_line ON attempts (run, seq) WHERE state IN ('intent', 'done', 'unknown');
CREATE UNIQUE INDEX once_per_round ON attempts (run, seq, round);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('attempts',3);
COMMIT;PRAGMA user_version = 4;

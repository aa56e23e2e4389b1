BEGIN TRANSACTION;
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
	released BOOLEAN NOT NULL, 
	started TEXT, 
	outcome TEXT, 
	PRIMARY KEY (run, seq), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "lines" VALUES('first',2,'Kickouts',4,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000003','not_sent','http://127.0.0.1:1',NULL,NULL,NULL,NULL,0,NULL,'{"seq": 2, "sheet": "Kickouts", "row": 4, "operation": "kickout_reimport", "target": "7d9e4c10-5b3a-4f6e-9c21-000000000003", "status": "not_sent", "new_task_guid": null, "selected": null, "updated": null, "http_status": null, "code": "row.hidden", "message": "Kickouts!4: The row is hidden or filtered out, so it was not sent.", "tip": "Show the row, or run with --include-hidden.", "cell": "", "warnings": [], "started": "", "seconds": null}');
INSERT INTO "lines" VALUES('first',0,'Kickouts',2,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000001','done','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000001/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','b940848a7821c4db2506b6e5b66c3f9c4a6a27a215631ec85fa559b753335f57',0,'2026-11-21T10:00:01Z','{"seq": 0, "sheet": "Kickouts", "row": 2, "operation": "kickout_reimport", "target": "7d9e4c10-5b3a-4f6e-9c21-000000000001", "status": "done", "new_task_guid": "7d9e4c10-5b3a-4f6e-9c21-000000000099", "selected": null, "updated": null, "http_status": null, "code": "", "message": "", "tip": "", "cell": "", "warnings": [], "started": "2026-11-21T10:00:01Z", "seconds": 0.25}');
INSERT INTO "lines" VALUES('first',1,'Kickouts',3,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000002','failed','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000002/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','593509a05166c7fec22d0de092314178d158a2fbd2f9c0fe68eb3506e64779a9',0,'2026-11-21T10:00:01Z','{"seq": 1, "sheet": "Kickouts", "row": 3, "operation": "kickout_reimport", "target": "7d9e4c10-5b3a-4f6e-9c21-000000000002", "status": "failed", "new_task_guid": null, "selected": null, "updated": null, "http_status": 400, "code": "sent.refused", "message": "", "tip": "", "cell": "", "warnings": [], "started": "2026-11-21T10:00:01Z", "seconds": 0.25}');
INSERT INTO "lines" VALUES('first',3,'Kickouts',5,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000004','unknown','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000004/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','51cb3bf7d9adb88e1e24dbc4e8342914027639fab1408e081ea80d092833bcae',0,'2026-11-21T10:00:01Z','{"seq": 3, "sheet": "Kickouts", "row": 5, "operation": "kickout_reimport", "target": "7d9e4c10-5b3a-4f6e-9c21-000000000004", "status": "unknown", "new_task_guid": null, "selected": null, "updated": null, "http_status": null, "code": "sent.no_answer", "message": "", "tip": "", "cell": "", "warnings": [], "started": "2026-11-21T10:00:01Z", "seconds": 0.25}');
INSERT INTO "lines" VALUES('first',4,'Flag edits',6,'list_flag_edit','2001','done','http://127.0.0.1:1','PUT','/api/v3/list/2001/flagAction','{"assignees":null,"comment":"Checked","costRecovery":null,"flagStatusId":null,"flagTypeId":null,"holdFromExport":false,"releaseExportHold":false}','e251e6bc35117f39e1f3da4a16f7236ff93fef062e7bb1960ebc5578f052658f',0,'2026-11-21T10:00:01Z','{"seq": 4, "sheet": "Flag edits", "row": 6, "operation": "list_flag_edit", "target": "2001", "status": "done", "new_task_guid": null, "selected": 12, "updated": 7, "http_status": null, "code": "", "message": "Zo\u00eb", "tip": "", "cell": "", "warnings": [], "started": "2026-11-21T10:00:01Z", "seconds": 0.25}');
INSERT INTO "lines" VALUES('first',5,'Kickouts',7,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000006','not_sent','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000006/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','0fc602d92f31d573bb6548aa5e6c4dcbbc6c2221e2931112857eac872df815ed',0,NULL,'{"seq": 5, "sheet": "Kickouts", "row": 7, "operation": "kickout_reimport", "target": "7d9e4c10-5b3a-4f6e-9c21-000000000006", "status": "not_sent", "new_task_guid": null, "selected": null, "updated": null, "http_status": null, "code": "row.stopped", "message": "", "tip": "", "cell": "", "warnings": [], "started": "", "seconds": null}');
INSERT INTO "lines" VALUES('first',6,'Kickouts',8,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000007','not_sent','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000007/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','efeecfb27fb2f382c281164bd897ff40c0bbc08e7888db592494b7215aaf9b7f',0,NULL,'{"seq": 6, "sheet": "Kickouts", "row": 8, "operation": "kickout_reimport", "target": "7d9e4c10-5b3a-4f6e-9c21-000000000007", "status": "not_sent", "new_task_guid": null, "selected": null, "updated": null, "http_status": null, "code": "row.stopped", "message": "", "tip": "", "cell": "", "warnings": [], "started": "", "seconds": null}');
INSERT INTO "lines" VALUES('second',0,'Kickouts',2,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000004','done','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000004/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','51cb3bf7d9adb88e1e24dbc4e8342914027639fab1408e081ea80d092833bcae',1,'2026-11-21T10:00:01Z','{"seq": 0, "sheet": "Kickouts", "row": 2, "operation": "kickout_reimport", "target": "7d9e4c10-5b3a-4f6e-9c21-000000000004", "status": "done", "new_task_guid": "7d9e4c10-5b3a-4f6e-9c21-000000000098", "selected": null, "updated": null, "http_status": null, "code": "", "message": "", "tip": "", "cell": "", "warnings": [], "started": "2026-11-21T10:00:01Z", "seconds": 0.25}');
INSERT INTO "lines" VALUES('second',1,'Kickouts',3,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000009','intent','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000009/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','4db19d33d95f6989820208f4f9940b400b8eec78dd9f90ffe8cdf7ca05cf3d20',0,'2026-11-21T10:00:01Z',NULL);
INSERT INTO "lines" VALUES('second',2,'Kickouts',4,'kickout_reimport','7d9e4c10-5b3a-4f6e-9c21-000000000010','planned','http://127.0.0.1:1','POST','/api/v202401/import/bill/task/7d9e4c10-5b3a-4f6e-9c21-000000000010/kickout','{"batchSettings":{"batchMode":"new self-contained batch"}}','1a2015166f6e9ef8cef3cc9de09cdba34933c5a08e3d1745efb711ddaa350633',0,NULL,NULL);
CREATE TABLE runs (
	id TEXT NOT NULL, 
	started TEXT NOT NULL, 
	ended TEXT, 
	who TEXT NOT NULL, 
	key_owner TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	base_url TEXT NOT NULL, 
	workbook TEXT NOT NULL, 
	workbook_sha256 TEXT NOT NULL, 
	version TEXT NOT NULL, 
	results TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('first','2026-11-21T10:00:00Z','2026-11-21T03:58:10Z','Pat','Practice Operator','practice','http://127.0.0.1:1','books/first.xlsx','0000000000000000000000000000000000000000000000000000000000000000','0.1.0','first - results.xlsx');
INSERT INTO "runs" VALUES('second','2026-11-21T10:00:00Z',NULL,'Pat','Practice Operator','practice','http://127.0.0.1:1','books/second.xlsx','0000000000000000000000000000000000000000000000000000000000000000','0.1.0',NULL);
CREATE UNIQUE INDEX one_in_flight ON lines (fingerprint) WHERE state = 'intent';
CREATE INDEX lines_by_request ON lines (identity, operation, target);
COMMIT;
PRAGMA user_version = 1;
